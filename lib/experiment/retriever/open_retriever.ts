import type { Backend, BackendName } from "../../backend/mod.ts";
import type { Passage } from "../../data/mod.ts";
import type { Embeddings } from "../../model/mod.ts";
import { denseSearcher } from "./dense_searcher.ts";
import type { Encoding } from "./encoding.ts";
import { findModel } from "./find_model.ts";
import { oneAfterTheOther } from "./in_turn.ts";
import {
  type DenseModel,
  openModel,
  type PromptedOptions,
} from "./open_model.ts";
import type { SearchedTask, Searcher, SearchOptions } from "./searcher.ts";
import type { SmallSearch } from "../../search/mod.ts";
import { selfShowing } from "../../report/notebook/mod.ts";

/** Options for {@linkcode openRetriever}. */
export interface OpenRetrieverOptions
  extends Partial<Encoding>, Partial<SmallSearch> {
  /**
   * Which model of a run: the name of an arm, or `"start"` for the one that the run
   * fine-tuned. @default {"reweighted"; a training run's only one}
   */
  arm?: string;
  /** The tfjs backend. @default {"auto"} */
  backend?: BackendName | "auto";
  /**
   * Folder in which vectors of passages are kept for the next time; `tdro eval` and
   * `tdro search` use the same. @default {in memory only}
   */
  cache?: string;
}

/** A passage that a search found. */
export interface FoundPassage extends Passage {
  /** Inner product of its vector with the query's. */
  score: number;
}

/** A model with all that turns texts into a search; from {@linkcode openRetriever}. */
export class Retriever implements Disposable {
  /** What it is called: a run's arm, else the name that it was opened by. */
  readonly label: string;
  /** Its model folder. */
  readonly folder: string;
  /** How texts are written and cut. */
  readonly encoding: Encoding;
  /** What computes it. */
  readonly backend: Backend;
  readonly #model: DenseModel;
  readonly #searcher: Searcher;
  readonly #inTurn = oneAfterTheOther();

  /**
   * Use {@linkcode openRetriever}.
   *
   * @param about The model's name, folder and encoding.
   * @param model The model, which the retriever owns from now on.
   */
  constructor(
    about: { label: string; folder: string; encoding: Encoding },
    model: DenseModel,
  ) {
    this.label = about.label;
    this.folder = about.folder;
    this.encoding = about.encoding;
    this.backend = model.backend;
    this.#model = model;
    const borrowed = { ...model, [Symbol.dispose]() {} };
    this.#searcher = denseSearcher(() => Promise.resolve(borrowed));
    selfShowing(this);
  }

  /**
   * Turns texts into vectors, with the prompts that the model was trained with.
   *
   * @param texts The texts, without prompts.
   * @param options `kind`: `"query"` or `"passage"`, the default; `task`: the one that
   * queries belong to.
   * @returns Embeddings, shape `[texts, D]`.
   * @throws {RangeError} If the prompt of the queries depends on the task, and none is
   * named.
   */
  encode(
    texts: readonly string[],
    options?: PromptedOptions,
  ): Promise<Embeddings> {
    return this.#inTurn(() => this.#model.encode(texts, options));
  }

  /**
   * Finds a task's passages for a text, best first, by exact search in its whole
   * corpus. The passages are encoded at the first search, and kept for the last four
   * tasks that were searched.
   *
   * @param text What is looked for, without prompt.
   * @param task The task: its name, prompt and corpus.
   * @param options `k`: passages wanted, 10 by default.
   */
  search(
    text: string,
    task: SearchedTask,
    options?: Partial<SearchOptions>,
  ): Promise<FoundPassage[]>;
  /**
   * Finds a task's passages for several texts at once.
   *
   * @param texts What is looked for, without prompts.
   * @param task The task: its name, prompt and corpus.
   * @param options `k`: passages wanted for each, 10 by default.
   */
  search(
    texts: readonly string[],
    task: SearchedTask,
    options?: Partial<SearchOptions>,
  ): Promise<FoundPassage[][]>;
  async search(
    texts: string | readonly string[],
    task: SearchedTask,
    { k = 10, ...options }: Partial<SearchOptions> = {},
  ): Promise<FoundPassage[] | FoundPassage[][]> {
    if (!(task?.corpus instanceof Map)) {
      throw new TypeError(
        `Cannot search: task must be one of a suite's tasks, with its corpus: got ${
          JSON.stringify(task)
        }; openSuite() and openTask() give them`,
      );
    }
    if (!Number.isInteger(k) || k < 1) {
      throw new RangeError(
        `Cannot search ${task.name}: k must be a whole number of at least 1: got ${k}`,
      );
    }
    const asked = typeof texts === "string" ? [texts] : texts;
    const found = await this.#inTurn(() =>
      this.#searcher.search(task, asked, { k, ...options })
    );
    const passages = found.map((hits) =>
      hits.map(({ id, score }) => ({ score, ...task.corpus.get(id)! }))
    );
    return typeof texts === "string" ? passages[0]! : passages;
  }

  /** Frees the model and the passages' vectors. */
  [Symbol.dispose](): void {
    this.#searcher[Symbol.dispose]();
    this.#model[Symbol.dispose]();
  }
}

/**
 * Opens a model to search with: starts the backend, loads the model, and takes
 * prompts and lengths from where they are recorded, a run's files or the model's own.
 *
 * @param source A model folder; a run, as its folder or its result; or the name of a
 * model on the hub that `tdro model pull` or `setup --minilm` fetched.
 * @param options Which arm of a run; what to take instead of what is recorded.
 * @returns The retriever; `using` frees it.
 * @throws {Deno.errors.NotFound} If there is no such model.
 * @throws {RangeError} If the run has no such arm.
 *
 * @example Usage
 * ```ts ignore
 * import { openSuite } from "@tdro/tdro/data";
 * import { openRetriever } from "@tdro/tdro/experiment";
 *
 * const { tasks: [task] } = await openSuite("my/suite");
 * using retriever = await openRetriever("runs/mine");
 * for (const { score, text } of await retriever.search("red bird", task!, { k: 3 })) {
 *   console.log(score.toFixed(3), text);
 * }
 * ```
 */
export async function openRetriever(
  source: string | { folder: string },
  { arm, backend = "auto", cache, ...given }: OpenRetrieverOptions = {},
): Promise<Retriever> {
  const name = typeof source === "string" ? source : source.folder;
  const { label, folder, encoding: recorded } = await findModel(name, arm);
  const encoding = {
    queryLength: given.queryLength ?? recorded.queryLength,
    passageLength: given.passageLength ?? recorded.passageLength,
    prompts: given.prompts ?? recorded.prompts,
  };
  const { precision, rescore, rescoreBy } = given;
  const kept = { cache, precision, rescore, rescoreBy };
  const model = await openModel(folder, { ...encoding, ...kept, backend });
  return new Retriever({ label, folder, encoding }, model);
}
