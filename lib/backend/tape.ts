import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "./tensor_types.ts";

/**
 * Gradients of an operation's inputs, from the gradient of its output. It may
 * return `dy` itself, and `undefined` where an input's gradient isn't wanted.
 */
export type Backward = (dy: Tensor, saved: Tensor[]) => (Tensor | undefined)[];

/** What an operation computed, and what its gradient needs. */
export interface Computed {
  /** The output. */
  value: Tensor;
  /** Tensors to keep for the gradient. */
  saved: Tensor[];
  /** The gradient. */
  backward: Backward;
}

/** Options that every kernel takes. */
export interface KernelOptions {
  /**
   * Where to record the operation, so that {@linkcode Tape.backward} finds it.
   * Without one, tfjs's own `tf.grads` differentiates the kernel.
   */
  tape?: Tape;
}

interface Node {
  output: number;
  inputs: readonly Tensor[];
  wanted: readonly boolean[];
  saved: Tensor[];
  backward: Backward;
}

/**
 * Records what a forward pass computed, so that gradients can be taken later:
 * after the losses were read, with weights chosen from them, or in pieces. Where
 * tfjs's own tape keeps every tensor of a pass until its end, this one keeps
 * what each operation asks for and frees it as soon as its gradient is done, so
 * a training step needs about half the memory.
 *
 * Gradients reach trainable variables, and the tensors named in `watch`. An
 * operation that depends on none of them is not recorded.
 *
 * @example Usage
 * ```ts
 * import { linear, Tape, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const w = tf.variable(tf.tensor2d([[2, 3]]));
 * const tape = new Tape();
 * const y = linear(tf.tensor2d([[5, 7]]), w, { tape });
 * const gradients = tape.backward([[y, tf.onesLike(y)]]);
 * assert.deepEqual([...gradients.get(w)!.dataSync()], [5, 7]);
 * ```
 */
export class Tape {
  #nodes: Node[] = [];
  readonly #reached = new Set<number>();
  readonly #watched = new Set<number>();

  /**
   * @param watch Tensors beside the trainable variables that get a gradient.
   */
  constructor(watch: readonly Tensor[] = []) {
    for (const tensor of watch) this.#watched.add(tensor.id);
  }

  /** Number of operations recorded. */
  get size(): number {
    return this.#nodes.length;
  }

  /**
   * Whether a gradient must reach a tensor.
   *
   * @param tensor An input of an operation.
   */
  wants(tensor: Tensor): boolean {
    return this.#reached.has(tensor.id) || this.#isLeaf(tensor);
  }

  #isLeaf(tensor: Tensor): boolean {
    return tensor instanceof tf.Variable
      ? tensor.trainable
      : this.#watched.has(tensor.id);
  }

  /**
   * Records an operation; kernels call it through {@linkcode differentiable}.
   *
   * @param inputs Its inputs.
   * @param computed What it computed. What it saved is kept until its gradient
   * is done; the output stays the caller's.
   */
  record(inputs: readonly Tensor[], computed: Computed): void {
    const { value, saved, backward } = computed;
    this.#reached.add(value.id);
    this.#nodes.push({
      output: value.id,
      inputs,
      wanted: inputs.map((input) => this.wants(input)),
      // A clone shares the values: the original may be freed by its scope.
      saved: saved.map((t) =>
        t instanceof tf.Variable ? t : tf.keep(tf.clone(t))
      ),
      backward,
    });
  }

  /**
   * Gradients of Σ dy · output by the variables and watched tensors. Empties
   * the tape: each operation's tensors are freed as soon as it is done.
   *
   * @param outputs Outputs and the gradients that arrive there, of like shape;
   * they stay the caller's.
   * @returns Gradient by variable or watched tensor, of its shape; the caller
   * owns them. Those that the outputs don't depend on are absent.
   */
  backward(outputs: readonly (readonly [Tensor, Tensor])[]): Map<
    Tensor,
    Tensor
  > {
    const arrived = new Map<number, Tensor>();
    const leaves = new Map<Tensor, Tensor>();
    const arrive = (input: Tensor, gradient: Tensor) => {
      const leaf = this.#isLeaf(input);
      const before = leaf ? leaves.get(input) : arrived.get(input.id);
      const sum = before ? tf.add(before, gradient) : gradient;
      if (before) tf.dispose([before, gradient]);
      if (leaf) leaves.set(input, sum);
      else arrived.set(input.id, sum);
    };
    for (const [output, dy] of outputs) arrive(output, tf.clone(dy));
    for (let node = this.#nodes.pop(); node; node = this.#nodes.pop()) {
      const dy = arrived.get(node.output);
      if (dy) {
        const { inputs, wanted, saved, backward } = node;
        const gradients: [Tensor, Tensor][] = [];
        tf.tidy(() => {
          backward(dy, saved).forEach((g, i) => {
            if (!wanted[i] || !g) return;
            // `dy` passed on is cloned, since it is freed below.
            gradients.push([inputs[i]!, g === dy ? tf.clone(g) : g]);
          });
          return gradients.map(([, g]) => g);
        });
        for (const [input, gradient] of gradients) arrive(input, gradient);
        arrived.delete(node.output);
        dy.dispose();
      }
      free(node);
    }
    tf.dispose([...arrived.values()]);
    this.#reached.clear();
    return leaves;
  }

  /** Frees what the operations saved, when no gradient is taken. */
  dispose(): void {
    this.#nodes.forEach(free);
    this.#nodes = [];
    this.#reached.clear();
  }
}

function free({ saved }: Node): void {
  for (const t of saved) if (!(t instanceof tf.Variable)) t.dispose();
}

/**
 * Runs an operation so that it can be differentiated: on the tape if there is
 * one, else by tfjs. Every kernel is written in terms of it.
 *
 * @param tape Where to record it.
 * @param inputs What the gradient is taken by.
 * @param compute The operation; `wanted[i]` says whether the gradient of input
 * i will be used.
 * @returns The output; the caller owns it.
 *
 * @example Usage
 * ```ts
 * import { differentiable, useBackend } from "@tdro/tdro/backend";
 * import * as tf from "@tensorflow/tfjs-core";
 * import assert from "node:assert/strict";
 *
 * await useBackend("cpu");
 * const double = (x: tf.Tensor) =>
 *   differentiable(undefined, [x], () => ({
 *     value: tf.mul(x, 2),
 *     saved: [],
 *     backward: (dy) => [tf.mul(dy, 2)],
 *   }));
 * const gradient = tf.grad((x) => double(x))(tf.tensor1d([1]));
 * assert.deepEqual([...gradient.dataSync()], [2]);
 * ```
 */
export function differentiable<T extends Tensor>(
  tape: Tape | undefined,
  inputs: readonly Tensor[],
  compute: (wanted: readonly boolean[]) => Computed,
): T {
  if (!tape) return byTfjs(inputs, compute) as T;
  const wanted = inputs.map((input) => tape.wants(input));
  let computed: Computed | undefined;
  const value = tf.tidy(() => {
    computed = compute(wanted);
    if (wanted.includes(true)) tape.record(inputs, computed);
    return computed.value;
  });
  return value as T;
}

/** The operation as a custom gradient of tfjs. */
function byTfjs(
  inputs: readonly Tensor[],
  compute: (wanted: readonly boolean[]) => Computed,
): Tensor {
  const wanted = inputs.map((x) => !(x instanceof tf.Variable) || x.trainable);
  return tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const { value, saved, backward } = compute(wanted);
    save(saved);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        // tfjs asks for a tensor per input, also where it will not look.
        backward(dy, saved).map((g) => g ?? tf.scalar(0)),
    };
  })(...inputs) as Tensor;
}
