import * as tf from "@tensorflow/tfjs-core";
import { sumOfOwn } from "./add_into.ts";
import type { ComputedMany } from "./differentiable.ts";
import { denseGradient, type Gradient, RowGradient } from "./row_gradient.ts";
import type { InferencePrecision } from "../precision.ts";
import type { Tensor } from "../tensors/tensor_types.ts";

/** Options for {@linkcode Tape}. */
export interface TapeOptions {
  /**
   * Variables that get a gradient; the others count as constants. Absent: the
   * trainable ones.
   */
  parameters?: Iterable<Tensor>;
  /**
   * Keep of each {@linkcode Tape.segment} its input alone, and compute it again
   * when its gradient is due: less memory for one more forward pass.
   *
   * @default {false}
   */
  checkpointing?: boolean;
  /**
   * What the kernels recorded here multiply; `"int8"` has no gradients.
   * @default {"float32"}
   */
  precision?: InferencePrecision;
}

interface Node {
  outputs: readonly { id: number; shape: number[] }[];
  inputs: readonly Tensor[];
  wanted: readonly boolean[];
  saved: Tensor[];
  /** How its gradient is had: by a formula, or by computing it again. */
  backward?: ComputedMany["backward"];
  replay?: (x: Tensor) => Tensor;
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
 * import { useBackend } from "@tdro/tdro/backend";
 * import { linear, Tape } from "@tdro/tdro/kernels";
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
  /** A pass whose operations are not kept, as they will be computed again. */
  #passing = false;
  readonly #reached = new Set<number>();
  readonly #watched: ReadonlySet<Tensor>;
  readonly #parameters: ReadonlySet<Tensor> | undefined;
  readonly #checkpointing: boolean;
  /** What the kernels recorded here multiply. */
  readonly precision: InferencePrecision;
  readonly #arrived = new Map<number, Tensor>();
  readonly #leaves = new Map<Tensor, Gradient>();

  /**
   * An empty tape.
   *
   * @param watch Tensors beside the variables that get a gradient.
   * @param options Which variables get one; how much is kept.
   * @throws {RangeError} If anything shall get a gradient in `int8`.
   */
  constructor(
    watch: readonly Tensor[] = [],
    { parameters, checkpointing = false, precision = "float32" }: TapeOptions =
      {},
  ) {
    this.precision = precision;
    this.#watched = new Set(watch);
    this.#parameters = parameters && new Set(parameters);
    if (
      precision === "int8" && this.#watched.size + (this.#parameters?.size ?? 1)
    ) {
      throw new RangeError(
        "Cannot take gradients in int8: precision must be float32 or bfloat16 in training: got int8; leave it out",
      );
    }
    this.#checkpointing = checkpointing;
  }

  /** Number of operations recorded; a segment that is computed again is one. */
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
    if (!(tensor instanceof tf.Variable)) return this.#watched.has(tensor);
    return this.#parameters?.has(tensor) ?? tensor.trainable;
  }

  /**
   * Records an operation; kernels call it through {@linkcode differentiable}.
   *
   * @param inputs Its inputs.
   * @param computed What it computed. What it saved is kept until its gradient
   * is done; the outputs stay the caller's.
   */
  record(inputs: readonly Tensor[], computed: ComputedMany): void {
    const { values, saved, backward } = computed;
    for (const value of values) this.#reached.add(value.id);
    if (this.#passing) return;
    this.#nodes.push({
      outputs: values.map(({ id, shape }) => ({ id, shape })),
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
   * A part of the pass, such as a layer, that looks at one tensor beside the
   * parameters. Under `checkpointing` nothing of it is kept but its input.
   *
   * @param x Its input; it stays the caller's.
   * @param compute The part. It must do the same each time it is called, and is
   * in a `tf.tidy`.
   * @returns Its output; the caller owns it.
   */
  segment<T extends Tensor>(x: T, compute: (x: T) => T): T {
    if (!this.#checkpointing || this.#passing) {
      return tf.tidy(() => compute(x));
    }
    this.#passing = true;
    try {
      const y = tf.tidy(() => compute(x));
      if (this.#reached.has(y.id)) {
        this.#nodes.push({
          outputs: [{ id: y.id, shape: y.shape }],
          inputs: [x],
          wanted: [this.wants(x)],
          saved: [tf.keep(tf.clone(x))],
          replay: compute as unknown as (x: Tensor) => Tensor,
        });
      }
      return y;
    } finally {
      this.#passing = false;
    }
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
    return new Map(
      [...this.gradients(outputs)].map(([leaf, gradient]) => {
        const dense = denseGradient(gradient);
        if (dense !== gradient) gradient.dispose();
        return [leaf, dense];
      }),
    );
  }

  /**
   * As {@linkcode Tape.backward}, with the gradients of tables as rows where few
   * of them are not zero.
   *
   * @param outputs Outputs and the gradients that arrive there.
   * @param options `keep`: whether the tape stays as it is, so that further gradients
   * can be taken of the same pass.
   * @returns Gradient by variable or watched tensor; the caller owns them.
   */
  gradients(
    outputs: readonly (readonly [Tensor, Tensor])[],
    { keep = false }: { keep?: boolean } = {},
  ): Map<Tensor, Gradient> {
    for (const [output, dy] of outputs) this.#arrive(output, tf.clone(dy));
    if (keep) {
      for (const node of this.#nodes.toReversed()) this.#pass(node);
    } else this.#unwind();
    const leaves = new Map(this.#leaves);
    this.#leaves.clear();
    if (!keep) this.#clear();
    else this.#forgetArrived();
    return leaves;
  }

  /** Adds a gradient to what has arrived at a tensor; it is now the tape's. */
  #arrive(input: Tensor, gradient: Gradient): void {
    const leaf = this.#isLeaf(input);
    const before = leaf ? this.#leaves.get(input) : this.#arrived.get(input.id);
    const sum = before ? sumOfOwn(before, gradient) : gradient;
    if (leaf) this.#leaves.set(input, sum);
    else this.#arrived.set(input.id, sum as Tensor);
  }

  /** Takes the gradients of all nodes, the last one first. */
  #unwind(): void {
    for (let node = this.#nodes.pop(); node; node = this.#nodes.pop()) {
      this.#pass(node);
      free(node);
    }
  }

  /** Passes what has arrived at a node's outputs on to its inputs. */
  #pass(node: Node): void {
    const dys = this.#take(node);
    if (!dys) return;
    if (node.replay) this.#replay(node, dys[0]!);
    else this.#differentiate(node, dys);
    tf.dispose(dys);
  }

  /** What has arrived at a node's outputs; now the caller's. */
  #take({ outputs }: Node): Tensor[] | undefined {
    const arrived = outputs.map(({ id }) => this.#arrived.get(id));
    if (arrived.every((dy) => !dy)) return;
    for (const { id } of outputs) this.#arrived.delete(id);
    return arrived.map((dy, i) => dy ?? tf.zeros(outputs[i]!.shape));
  }

  #differentiate({ inputs, wanted, saved, backward }: Node, dys: Tensor[]) {
    const found: [Tensor, Gradient][] = [];
    tf.tidy(() => {
      backward!(dys, saved).forEach((g, i) => {
        if (!wanted[i] || !g) return;
        const input = inputs[i]!;
        // A `dy` passed on is cloned, since it is freed below.
        const own = dys.includes(g as Tensor) ? tf.clone(g as Tensor) : g;
        found.push([input, this.#isLeaf(input) ? own : denseGradient(own)]);
      });
      return found.map(([, g]) => g instanceof RowGradient ? g.rows : g);
    });
    for (const [input, gradient] of found) this.#arrive(input, gradient);
  }

  /** Computes a segment again, with all that its gradient needs. */
  #replay({ inputs, wanted, saved, replay }: Node, dy: Tensor): void {
    const outside = this.#nodes;
    const [x] = saved as [Tensor];
    this.#nodes = [];
    try {
      if (wanted[0]) this.#reached.add(x.id);
      const y = tf.tidy(() => replay!(x));
      this.#arrive(y, tf.clone(dy));
      this.#unwind();
      y.dispose();
      const dx = this.#arrived.get(x.id);
      this.#arrived.delete(x.id);
      if (dx) this.#arrive(inputs[0]!, dx);
    } finally {
      this.#nodes.forEach(free);
      this.#nodes = outside;
    }
  }

  /** Frees what the operations saved, when no gradient is taken. */
  dispose(): void {
    this.#nodes.forEach(free);
    this.#nodes = [];
    this.#clear();
  }

  #clear(): void {
    this.#forgetArrived();
    for (const gradient of this.#leaves.values()) gradient.dispose();
    this.#leaves.clear();
    this.#reached.clear();
  }

  #forgetArrived(): void {
    tf.dispose([...this.#arrived.values()]);
    this.#arrived.clear();
  }
}

function free({ saved }: Node): void {
  for (const t of saved) if (!(t instanceof tf.Variable)) t.dispose();
}
