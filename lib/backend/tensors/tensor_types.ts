import type * as tf from "@tensorflow/tfjs-core";

// tfjs's own types under their own names. They are tagged internal because
// `deno doc --lint` takes a type of another npm package for an undocumented one
// of this package (denoland/deno issue 27364); tfjs documents them.

/**
 * A tfjs tensor of any rank.
 * @internal
 */
export type Tensor = tf.Tensor;
/**
 * A tfjs tensor of rank 1.
 * @internal
 */
export type Tensor1D = tf.Tensor1D;
/**
 * A tfjs tensor of rank 2.
 * @internal
 */
export type Tensor2D = tf.Tensor2D;
/**
 * A tfjs tensor of rank 3.
 * @internal
 */
export type Tensor3D = tf.Tensor3D;
/**
 * A tfjs tensor of rank 4.
 * @internal
 */
export type Tensor4D = tf.Tensor4D;
/**
 * A tfjs variable: a tensor whose values can be replaced.
 * @internal
 */
export type Variable = tf.Variable;
