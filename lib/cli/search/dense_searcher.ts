import type { Task } from "../../data/mod.ts";
import type { EmbeddingCache } from "../../eval/mod.ts";
import type { EncodeFunction } from "../../model/mod.ts";
import { ExactIndex } from "../../search/mod.ts";
import { queryText } from "../../base/texts/query_text.ts";
import type { OpenedEncoder } from "../commands/encoder_functions.ts";
import { recent } from "./recent.ts";
import type { Searcher, SearchOptions } from "./searcher.ts";

/** A model to search with. */
export interface DenseModel extends OpenedEncoder {
  /** Whether the task's instruction stands before a query. */
  prompts: "task" | "none";
  /** Where vectors of passages are kept, if anywhere. */
  cache?: EmbeddingCache | undefined;
}

/** Tasks whose passages stay indexed, for each searcher. */
export const KEPT_TASKS = 4;

/** Texts that are encoded before others get a turn: Ctrl-C, requests, bars. */
const TEXTS_AT_ONCE = 256;

/**
 * Finds passages by a model and exact search. The model is loaded, and a task's
 * corpus encoded, when a search first needs them.
 *
 * @param open Loads the model.
 */
export function denseSearcher(open: () => Promise<DenseModel>): Searcher {
  const models = recent<DenseModel>(1, (model) => model[Symbol.dispose]());
  const indexes = recent<ExactIndex>(
    KEPT_TASKS,
    (index) => index[Symbol.dispose](),
  );
  return {
    async search(task, text, options) {
      const model = await models.get("", open);
      const index = await indexes.get(
        task.name,
        () => indexTask(model, task, options),
      );
      const prompt = model.prompts === "task" ? task.prompt : "";
      const embeddings = await model.encode([queryText(prompt, text)], {
        kind: "query",
        signal: options.signal,
      });
      const run = await index.search({ ids: [""], embeddings }, options.k);
      return [...run.get("")!].map(([id, score]) => ({ id, score }));
    },
    [Symbol.dispose]() {
      indexes[Symbol.dispose]();
      models[Symbol.dispose]();
    },
  };
}

async function indexTask(
  { encode, prepare, cache }: DenseModel,
  { name, corpus }: Task,
  { signal, onProgress }: SearchOptions,
): Promise<ExactIndex> {
  const { passageVectors } = await import("../../eval/passage_vectors.ts");
  const index = new ExactIndex({ prepare });
  try {
    const vectors = passageVectors(
      inPortions(encode),
      { name, corpus: [...corpus.values()] },
      { cache, signal, onProgress },
    );
    for await (const chunk of vectors) index.add(chunk);
    return index;
  } catch (error) {
    index[Symbol.dispose]();
    throw error;
  }
}

/** The same in portions, with a moment for timers and sockets after each. */
function inPortions(encode: EncodeFunction): EncodeFunction {
  return async (texts, { onProgress, ...options } = {}) => {
    let data = new Float32Array(0);
    let dimension = 0;
    for (let from = 0; from < texts.length; from += TEXTS_AT_ONCE) {
      const part = await encode(texts.slice(from, from + TEXTS_AT_ONCE), {
        ...options,
        onProgress: (done) => onProgress?.(from + done, texts.length),
      });
      if (from === 0) {
        dimension = part.dimension;
        data = new Float32Array(texts.length * dimension);
      }
      data.set(part.data, from * dimension);
      await new Promise((resume) => setTimeout(resume, 0));
      options.signal?.throwIfAborted();
    }
    return { data, count: texts.length, dimension };
  };
}
