import * as tf from "@tensorflow/tfjs-core";
import { readValues } from "../../backend/mod.ts";
import {
  addInto,
  type AllReduceOptions,
  bytesOf,
  integersOf,
  type Workers,
} from "../../workers/mod.ts";
import { embeddingSize, joinedFloats } from "../../model/mod.ts";
import {
  type OpenPass,
  openPass,
  type PassSettings,
  type SeededTexts,
} from "../gradient_pass.ts";
import { addAll, disposeAll, type Gradients } from "../gradients.ts";
import type { Range } from "../tokens.ts";
import { GradientLayout } from "./gradient_layout.ts";
import { passagesEach, slotRanges, slotsOf, textsOf } from "./slots.ts";
import { sumGradients } from "./sum_gradients.ts";

/** What a {@linkcode Share} needs to know. */
export interface ShareOptions extends AllReduceOptions {
  /** The workers. */
  workers: Workers;
  /** What passes depend on. */
  settings: PassSettings;
  /** Slots that gradients are summed over in a fixed order. @default {none} */
  slots?: number | undefined;
}

/** Slopes of all vectors of a batch, row-major. */
export interface Slopes {
  queries: Float32Array;
  passages: Float32Array;
}

/** Whether passes stay open for further gradients. */
type KeepOptions = NonNullable<Parameters<OpenPass["gradients"]>[1]>;

/**
 * One worker's share of training: it encodes its examples of each batch, and takes
 * their gradient. All workers make the same calls.
 */
export class Share {
  readonly #options: ShareOptions;
  readonly #slots: number;
  readonly #width: number;
  #open: { range: Range; each: number; pass?: OpenPass }[] = [];

  /** @param options Workers, model, slots. */
  constructor(options: ShareOptions) {
    this.#options = options;
    this.#slots = options.slots ?? options.workers.size;
    this.#width = embeddingSize(options.settings.encoder);
  }

  /**
   * Encodes the own examples of a batch.
   *
   * @param texts Those of the whole batch.
   * @returns Vectors of each worker, by rank: of each of its slots the queries',
   * then the passages'.
   */
  async open(texts: SeededTexts): Promise<Uint8Array[]> {
    const { workers, settings } = this.#options;
    const { queries } = texts.tokens;
    const each = passagesEach(texts.tokens);
    const ranges = slotRanges(queries.offsets.length - 1, this.#slots);
    const parts: Float32Array[] = [];
    for (const range of ranges.slice(...slotsOf(workers, this.#slots))) {
      if (range[0] === range[1]) {
        this.#open.push({ range, each });
        continue;
      }
      const pass = openPass(textsOf(texts, range), settings);
      this.#open.push({ range, each, pass });
      for (const vectors of pass.vectors) parts.push(await readValues(vectors));
    }
    return await workers.allGather(bytesOf(joinedFloats(parts)));
  }

  /**
   * Takes the gradients of what is open; with slots, summed over all workers.
   *
   * @param slopes Those of the whole batch.
   * @param options `keep`: whether others will be taken of the same passes.
   */
  async gradients(
    slopes: Slopes,
    { keep = false }: KeepOptions = {},
  ): Promise<Gradients> {
    try {
      return this.#options.slots === undefined
        ? this.#ownGradients(slopes, { keep })
        : await this.#slotGradients(slopes, { keep });
    } finally {
      if (!keep) this.drop();
    }
  }

  #ownGradients(slopes: Slopes, keep: KeepOptions): Gradients {
    let gradients: Gradients | undefined;
    for (const open of this.#open) {
      if (!open.pass) continue;
      gradients = addAll(gradients, this.#of(open.pass, open, slopes, keep));
    }
    return gradients ?? {};
  }

  /**
   * Each slot's gradients as numbers, and these two and two: the same sums of the
   * same numbers, however many workers have the slots.
   */
  async #slotGradients(
    slopes: Slopes,
    { keep = false }: KeepOptions,
  ): Promise<Gradients> {
    const { workers, settings: { parameters }, precision } = this.#options;
    // In full: which rows a slot has must not decide how sums are made.
    const full = Int32Array.from(parameters.keys(), () => 1);
    const layout = new GradientLayout(parameters, [full]);
    const present = new Set<string>();
    const sums: { slots: number; numbers: Float32Array<ArrayBuffer> }[] = [];
    for (const { range, each, pass } of this.#open) {
      const numbers = new Float32Array(layout.length);
      if (pass) {
        const place = { range, each };
        const gradients = this.#of(pass, place, slopes, { keep });
        await layout.put(gradients, numbers);
        Object.keys(gradients).forEach((name) => present.add(name));
        disposeAll(gradients);
        if (!keep) pass.dispose();
      }
      let slots = 1;
      let sum = numbers;
      while (sums.at(-1)?.slots === slots) {
        const before = sums.pop()!;
        addInto(before.numbers, sum);
        sum = before.numbers;
        slots *= 2;
      }
      sums.push({ slots, numbers: sum });
    }
    const { numbers } = sums[0]!;
    await workers.allReduce(numbers, { precision });
    const marks = Int32Array.from(
      parameters.keys(),
      (name) => present.has(name) ? 1 : 0,
    );
    const all = (await workers.allGather(bytesOf(marks))).map(integersOf);
    const gradients = layout.take(numbers);
    [...parameters.keys()].forEach((name, i) => {
      if (all.some((marks) => marks[i])) return;
      gradients[name]!.dispose();
      delete gradients[name];
    });
    return gradients;
  }

  #of(
    pass: OpenPass,
    { range: [from, to], each }: { range: Range; each: number },
    { queries, passages }: Slopes,
    keep: KeepOptions,
  ): Gradients {
    const D = this.#width;
    const rows = (values: Float32Array, start: number, end: number) =>
      tf.tensor2d(values.slice(start * D, end * D), [end - start, D]);
    const slopes = [
      rows(queries, from, to),
      ...each > 0 ? [rows(passages, from * each, to * each)] : [],
    ];
    try {
      return pass.gradients(slopes, keep);
    } finally {
      tf.dispose(slopes);
    }
  }

  /** Sums gradients over the workers, unless they are summed already. */
  async sum(gradients: Gradients): Promise<Gradients> {
    const { workers, settings: { parameters }, slots, precision } =
      this.#options;
    return slots === undefined
      ? await sumGradients(gradients, { workers, parameters, precision })
      : gradients;
  }

  /** Frees what is open. */
  drop(): void {
    for (const { pass } of this.#open) pass?.dispose();
    this.#open = [];
  }
}
