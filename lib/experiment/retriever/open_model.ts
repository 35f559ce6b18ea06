import {
  type Backend,
  type BackendName,
  type CountBits,
  nativeHamming,
  type NearestRows,
  nearestRows,
  nearestSteps,
  type RowMatrix,
  type StepMatrix,
  useBackend,
} from "../../backend/mod.ts";
import {
  checkPrecision,
  type InferencePrecision,
} from "../../backend/kernels/mod.ts";
import { queryText } from "../../base/texts/query_text.ts";
import { own } from "../../base/own.ts";
import type { EmbeddingCache } from "../../eval/mod.ts";
import {
  disposeTowers,
  type Embeddings,
  encodeFunction,
  type EncodeOptions,
  type Encoder,
  loadTowers,
  modelPrompt,
  type Towers,
} from "../../model/mod.ts";
import {
  checkRescoring,
  type SmallSearch,
  type VectorDatabase,
} from "../../search/mod.ts";
import { originOfModel } from "../stages/evaluation_origin.ts";
import type { Encoding } from "./encoding.ts";
import type { SearchedTask } from "./searcher.ts";
import { recordedComputeType, vectorsOf } from "./vectors_of.ts";

/** A model to search with. */
export interface DenseModel extends Disposable {
  /** Turns texts, without prompts, into vectors. */
  encode(
    texts: readonly string[],
    options?: PromptedOptions,
  ): Promise<Embeddings>;
  /** Makes passages ready for exact search. */
  prepare: (passages: RowMatrix) => NearestRows;
  /** Everything that vectors of passages depend on, beside the passages. */
  source(): Promise<string>;
  /** Where vectors of passages are kept, if anywhere. */
  cache?: EmbeddingCache | undefined;
  /** Counts bits that differ, where that is compiled. */
  hamming?: CountBits | undefined;
  /** Makes passages of 8 bits ready, where that is compiled. */
  prepareSteps?:
    | ((passages: StepMatrix) => NearestRows | undefined)
    | undefined;
  /** How passages are kept and searched, where not whole. */
  small?: SmallSearch | undefined;
  /** Where vectors of passages may be in a database. */
  store?: PassageStore | undefined;
  /** What computes it. */
  backend: Backend;
}

/** What a caller may say of the texts. */
export interface PromptedOptions extends EncodeOptions {
  /** The task that queries belong to. */
  task?: Pick<SearchedTask, "name" | "prompt"> | undefined;
}

/** A database that may have vectors of passages, as `tdro embed` puts them there. */
export interface PassageStore {
  /** The database; it stays the caller's. */
  database: VectorDatabase;
  /** Told of a task of which it has none by this model. */
  onMissing?: ((task: string) => void) | undefined;
}

/** How a model is opened. */
export interface OpenModelOptions extends Encoding, Partial<SmallSearch> {
  /** The tfjs backend. */
  backend: BackendName | "auto";
  /** What products multiply. @default {"float32"} */
  computeType?: InferencePrecision | undefined;
  /** Folder of the vectors of passages; those that `tdro eval` keeps serve too. */
  cache?: string | undefined;
  /** Where vectors of passages may be in a database. */
  store?: PassageStore | undefined;
}

/**
 * Loads a model for searching.
 *
 * @param folder Its folder.
 * @param options How texts are encoded, and where vectors are kept.
 */
export async function openModel(
  folder: string,
  { backend: name, cache, store, computeType, ...options }: OpenModelOptions,
): Promise<DenseModel> {
  const { precision = "float32", rescore, rescoreBy, ...encoding } = options;
  const small = checkRescoring({ precision, rescore, rescoreBy });
  const backend = await useBackend(name);
  checkPrecision(computeType ?? "float32");
  const towers = await loadTowers(folder);
  const prompted = promptsOf(towers, encoding);
  const bare = encodeFunction(towers, { ...encoding, computeType });
  const encode: DenseModel["encode"] = (texts, { task, ...options } = {}) => {
    const before = options.kind === "query"
      ? prompted.query(task)
      : prompted.passage;
    return bare(texts.map((text) => before + text), options);
  };
  const source = async () =>
    vectorsOf({
      ...await originOfModel(folder, encoding),
      prompts: prompted.passage === ""
        ? undefined
        : { query: "", passage: prompted.passage },
      backend,
      ...recordedComputeType(computeType),
    });
  try {
    return {
      encode,
      source,
      store,
      prepare: (passages) => nearestRows(passages),
      prepareSteps: nearestSteps,
      hamming: nativeHamming(),
      small: precision === "float32" ? undefined : small,
      backend,
      cache: cache === undefined
        ? undefined
        : { folder: cache, model: await source() },
      [Symbol.dispose]: () => disposeTowers(towers),
    };
  } catch (error) {
    disposeTowers(towers);
    throw error;
  }
}

/** What stands before texts. */
interface Prompts {
  passage: string;
  query(task: PromptedOptions["task"]): string;
}

function promptsOf(towers: Towers, { prompts }: Encoding): Prompts {
  if (prompts === "none") return { passage: "", query: () => "" };
  if (prompts === "model") {
    return {
      passage: modelPrompt(towers.passage, "passage"),
      query: (task) => ownQueryPrompt(towers.query, task),
    };
  }
  return {
    passage: "",
    query(task) {
      if (task) return queryText(task.prompt, "");
      throw new RangeError(
        `Cannot encode queries: task must be the one that they belong to, as the model was trained with a prompt for each: got none`,
      );
    },
  };
}

/** The model's own prompt for a task's queries, else for any. */
function ownQueryPrompt(
  encoder: Encoder,
  task: PromptedOptions["task"],
): string {
  const { prompts = {}, defaultPromptName } = encoder.modules;
  const ofTask = task && own(prompts, task.name);
  if (ofTask !== undefined) return ofTask;
  const names = Object.keys(prompts);
  const common = names.includes("query") || defaultPromptName !== undefined;
  // A model with a prompt for passages alone has none before queries.
  const passages = ["document", "passage", "corpus"];
  if (common || names.every((name) => passages.includes(name))) {
    return modelPrompt(encoder, "query");
  }
  throw new RangeError(
    `Cannot encode queries${
      task ? ` of ${task.name}` : ""
    }: the model must have a prompt for them, or one called query: got ${
      names.join(", ")
    }; use prompts "task" or "none"`,
  );
}
