import { type Backend, nearestRows } from "../../backend/mod.ts";
import type { InferencePrecision } from "../../backend/kernels/mod.ts";
import { queryText } from "../../base/texts/query_text.ts";
import type { Passage, Suite, Task } from "../../data/mod.ts";
import {
  type EmbeddingCache,
  type EvalOrigin,
  type EvalReport,
  evaluate,
  type EvaluateOptions,
  passageVectors,
  type TaskReport,
} from "../../eval/mod.ts";
import {
  disposeTowers,
  type EncodeFunction,
  encodeFunction,
  type Encoder,
  loadTowers,
  modelPrompt,
  type Towers,
} from "../../model/mod.ts";
import type { Encoding } from "../retriever/encoding.ts";
import { recordedComputeType, vectorsOf } from "../retriever/vectors_of.ts";
import { originOfModel } from "../stages/evaluation_origin.ts";
import { versions } from "../versions.ts";

/** What {@linkcode openTeacher} needs beside the folder. */
export interface OpenTeacherOptions {
  /** How its texts are written and cut. */
  encoding: Encoding;
  /** What computes it. */
  backend: Pick<Backend, "name" | "device">;
  /** Folder of its vectors. */
  cache: string;
}

/** Vectors of some texts in a row, `[texts, D]`. */
export interface VectorTable {
  /** The numbers, row by row. */
  data: Float32Array;
  /** Length of each vector. */
  dimension: number;
}

/** The model that is distilled: its vectors, kept on disk, and evaluations by them. */
export class Teacher implements Disposable {
  /** Its encoders, of queries and of passages. */
  readonly towers: Towers;
  /** Its folder. */
  readonly folder: string;
  /** How texts are written and cut. */
  readonly encoding: Encoding;
  /** What a record says of it. */
  readonly origin: EvalOrigin;
  readonly #cache: string;

  private constructor(
    fields: Pick<Teacher, "towers" | "folder" | "encoding" | "origin">,
    cache: string,
  ) {
    this.towers = fields.towers;
    this.folder = fields.folder;
    this.encoding = fields.encoding;
    this.origin = fields.origin;
    this.#cache = cache;
  }

  /** Loads a teacher; see {@linkcode OpenTeacherOptions}. */
  static async open(
    folder: string,
    { encoding, backend, cache }: OpenTeacherOptions,
  ): Promise<Teacher> {
    const towers = await loadTowers(folder);
    try {
      const origin = await originOf(folder, { towers, encoding, backend });
      return new Teacher({ towers, folder, encoding, origin }, cache);
    } catch (error) {
      disposeTowers(towers);
      throw error;
    }
  }

  /** What stands before a task's queries. */
  prefix({ prompt }: Pick<Task, "prompt">): string {
    const { prompts } = this.encoding;
    if (prompts === "none") return "";
    return prompts === "task"
      ? queryText(prompt, "")
      : modelPrompt(this.towers.query, "query");
  }

  /** Vectors of texts as queries, which have their prefix already. */
  async queries(
    name: string,
    texts: readonly Passage[],
    signal?: AbortSignal,
  ): Promise<VectorTable> {
    const bare = encodeFunction(this.towers, this.encoding);
    const encode: EncodeFunction = (texts, options) =>
      bare(texts, { ...options, kind: "query" });
    const { model, backend } = this.origin;
    const cache = {
      folder: this.#cache,
      model: [
        model!.sha256,
        `queries of ${this.encoding.queryLength} tokens`,
        `${backend!.name} on ${backend!.device}`,
      ].join(", "),
    };
    return await table(
      encode,
      { name: `${name}.queries`, corpus: texts },
      { cache, signal },
    );
  }

  /** Vectors of a task's passages. */
  async passages(task: Task, signal?: AbortSignal): Promise<VectorTable> {
    return await table(
      this.#encode(this.towers),
      { name: task.name, corpus: [...task.corpus.values()] },
      { cache: this.#passageCache(), signal },
    );
  }

  /**
   * Measures a query tower on the teacher's vectors of passages.
   *
   * @param query The tower.
   * @param suite The tasks.
   * @param options What is measured, in which numbers, and what the record says of the
   * tower.
   */
  evaluate(
    query: Encoder,
    suite: Suite,
    { origin, computeType, ...options }:
      & Omit<EvaluateOptions, "prompts" | "cache">
      & { computeType?: InferencePrecision | undefined },
  ): AsyncGenerator<TaskReport, EvalReport> {
    const { prompts } = this.encoding;
    const numbers = recordedComputeType(computeType);
    return evaluate(
      this.#encode({ query, passage: this.towers.passage }, computeType),
      suite,
      {
        ...options,
        ...origin && { origin: { ...origin, ...numbers } },
        prompts: prompts === "task" ? "task" : "none",
        cache: this.#passageCache(numbers),
        prepare: (passages) => nearestRows(passages),
      },
    );
  }

  #passageCache(
    numbers: Pick<EvalOrigin, "computeType"> = {},
  ): EmbeddingCache {
    return {
      folder: this.#cache,
      model: vectorsOf({ ...this.origin, ...numbers }),
    };
  }

  #encode(towers: Towers, computeType?: InferencePrecision): EncodeFunction {
    return encodeFunction(towers, {
      ...this.encoding,
      computeType,
      modelPrompts: this.encoding.prompts === "model",
    });
  }

  /** Frees its encoders. */
  [Symbol.dispose](): void {
    disposeTowers(this.towers);
  }
}

/** What a record says of a model that encodes as a teacher does. */
export async function originOf(
  folder: string,
  { towers, encoding, backend }: Omit<OpenTeacherOptions, "cache"> & {
    towers: Towers;
  },
): Promise<EvalOrigin> {
  return {
    ...await originOfModel(folder, encoding),
    ...encoding.prompts === "model" && {
      prompts: {
        query: modelPrompt(towers.query, "query"),
        passage: modelPrompt(towers.passage, "passage"),
      },
    },
    backend: { name: backend.name, device: backend.device },
    versions: versions(),
  };
}

async function table(
  encode: EncodeFunction,
  texts: { name: string; corpus: readonly Passage[] },
  options: { cache: EmbeddingCache; signal: AbortSignal | undefined },
): Promise<VectorTable> {
  let data = new Float32Array(0);
  let dimension = 0;
  let at = 0;
  for await (
    const { embeddings } of passageVectors(encode, texts, {
      cache: options.cache,
      ...options.signal && { signal: options.signal },
    })
  ) {
    if (at === 0) {
      dimension = embeddings.dimension;
      data = new Float32Array(texts.corpus.length * dimension);
    }
    data.set(embeddings.data, at * dimension);
    at += embeddings.count;
  }
  return { data, dimension };
}
