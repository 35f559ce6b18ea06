import type { Passage } from "../../data/mod.ts";
import type { EncodeFunction } from "../../model/mod.ts";
import { ExactIndex } from "../../search/mod.ts";
import type { DenseModel } from "./open_model.ts";
import { recent } from "./recent.ts";
import {
  hitsOf,
  type SearchedTask,
  type Searcher,
  type SearchOptions,
} from "./searcher.ts";
import { storedIndex, type TaskIndex } from "./stored_index.ts";

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
  const models = recent<"model", DenseModel>(
    1,
    (model) => model[Symbol.dispose](),
  );
  const indexes = recent<
    ReadonlyMap<string, Passage>,
    TaskIndex
  >(
    KEPT_TASKS,
    (index) => index[Symbol.dispose](),
  );
  return {
    async search(task, texts, options) {
      const model = await models.get("model", open);
      // First: a prompt that is missing shows before the passages are encoded.
      const embeddings = await model.encode(texts, {
        kind: "query",
        task,
        signal: options.signal,
      });
      const index = await indexes.get(
        task.corpus,
        () => indexTask(model, task, options),
      );
      const ids = texts.map((_, i) => `${i}`);
      return hitsOf(await index.search({ ids, embeddings }, options.k), ids);
    },
    [Symbol.dispose]() {
      indexes[Symbol.dispose]();
      models[Symbol.dispose]();
    },
  };
}

async function indexTask(
  model: DenseModel,
  task: SearchedTask,
  { signal, onProgress }: SearchOptions,
): Promise<TaskIndex> {
  const stored = model.store && await storedIndex(model, task, model.store);
  if (stored) return stored;
  const { encode, prepare, prepareSteps, hamming, cache, small } = model;
  const corpus = { name: task.name, corpus: [...task.corpus.values()] };
  const options = { cache, signal, onProgress };
  if (small) {
    const { passageIndex } = await import("../../eval/passage_index.ts");
    return await passageIndex(inPortions(encode), corpus, {
      ...options,
      ...small,
      prepare,
      prepareSteps,
      hamming,
    });
  }
  const { passageVectors } = await import("../../eval/passage_vectors.ts");
  const index = new ExactIndex({ prepare });
  try {
    const vectors = passageVectors(inPortions(encode), corpus, options);
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
