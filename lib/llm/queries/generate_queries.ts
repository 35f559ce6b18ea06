import { z } from "zod";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { RandomSource } from "../../base/random_source.ts";
import { shuffled } from "../../base/shuffled.ts";
import { normaliseText } from "../../base/texts/normalise_text.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import type { Passage, SplitName, Task } from "../../data/types.ts";
import {
  bm25Retriever,
  rankPassages,
  type RetrieveFunction,
} from "../../search/mod.ts";
import { askAll, type FailedRequest } from "../client/ask_all.ts";
import type { LlmRequest } from "../client/llm_request.ts";
import type { Llm } from "../client/open_llm.ts";
import {
  cutText,
  promptOf,
  type Wording,
  wordingOf,
} from "../prompts/wording.ts";

/** What queries may be like; a wish takes one of each, at random. */
export interface QueryWishes {
  /** Who asks. */
  who: readonly string[];
  /** What kind of query it is. */
  kind: readonly string[];
  /** How long it is. */
  length: readonly string[];
  /** In which language it is. */
  language: readonly string[];
}

/** What queries are like by default; the language is the task's. */
export const QUERY_WISHES: Omit<QueryWishes, "language"> = {
  who: [
    "a student",
    "an expert of the field",
    "somebody who meets the subject for the first time",
    "a journalist who checks a fact",
    "somebody with a practical problem to solve",
  ],
  kind: [
    "a question of fact",
    "a how-to question",
    "keywords as typed into a search box",
    "a why question",
    "a claim to be verified",
  ],
  length: ["3 to 5 words", "6 to 10 words", "one long sentence"],
};

/** Options for {@linkcode generateQueries}. */
export interface GenerateQueriesOptions {
  /** Draws passages and wishes. */
  rng: RandomSource;
  /** Most passages that get queries. @default {100} */
  passages?: number;
  /** Queries that are asked for of each passage. @default {2} */
  perPassage?: number;
  /** What they may be like. @default {QUERY_WISHES, in the task's language} */
  wishes?: Partial<QueryWishes>;
  /** Finds passages, for the round trip. @default {BM25} */
  retrieve?: RetrieveFunction;
  /** Rank at which a query must find its passage at least. @default {3} */
  within?: number;
  /** Split that the queries go to. @default {"train"} */
  split?: SplitName;
  /**
   * Whether passages that answer dev or test queries get queries, too.
   * @default {false}
   */
  fromTested?: boolean;
  /** Characters of a passage that are shown. @default {2000} */
  passageChars?: number;
  /** Folder with prompts of one's own. @default {ours} */
  wording?: string | undefined;
  /** Stops the work at the next answer. */
  signal?: AbortSignal | undefined;
}

/** A query that a model wrote. */
export interface GeneratedQuery {
  /** Its id. */
  id: string;
  /** The query. */
  text: string;
  /** Id of the passage that it was written for. */
  passage: string;
  /** What it should be like. */
  wish: string;
  /** Rank of the passage in the round trip; `null` if it wasn't found. */
  rank: number | null;
  /** What became of it. */
  outcome: "kept" | "repeated" | "copied" | "not found";
}

/** Counts of what became of the queries. */
export interface GeneratedQueryCounts {
  /** Passages that were shown. */
  passages: number;
  /** Queries that were written. */
  written: number;
  /** Left out as another query has the same text. */
  repeated: number;
  /** Left out as copied from the passage. */
  copied: number;
  /** Left out as the round trip didn't find the passage. */
  notFound: number;
  /** Queries kept. */
  kept: number;
}

/** Queries that a model wrote for a task. */
export interface GeneratedQueries {
  /** The task with those that were kept. */
  task: Task;
  /** All of them. */
  queries: GeneratedQuery[];
  /** The same, counted. */
  counts: GeneratedQueryCounts;
  /** Requests without an answer. */
  failed: FailedRequest[];
}

/**
 * Has a language model write queries for a task, each for one passage, as a persona,
 * kind, length and language drawn by chance wish. A query is kept if its passage is
 * found by it (the round trip), if it isn't copied from it, and if no other query of
 * the task, in any split, has its text.
 *
 * @param llm The model.
 * @param task The task; it may have no queries at all.
 * @param options How many, and what they are like.
 * @returns Progress; at the end the task with its new queries.
 * @throws {RangeError} If no passage may be taken, or as `askAll()`.
 */
export async function* generateQueries(
  llm: Llm,
  task: Task,
  options: GenerateQueriesOptions,
): AsyncGenerator<ProgressEvent, GeneratedQueries> {
  const { wording: folder, passageChars = 2000, signal } = options;
  const wording = await wordingOf("queries", folder);
  const shown = wishedFor(task, options);
  const { answers, failed } = yield* askAll(
    llm,
    shown.map((each) => requestFor(each, { wording, passageChars })),
    {
      label: `writing queries for ${task.name}`,
      what: `Passages of ${task.name}`,
      signal,
    },
  );
  const queries = await sifted(
    shown.flatMap(({ passage, wishes }) =>
      (answers.get(passage.id)?.queries ?? []).map((text, i) => ({
        id: `llm-${passage.id}-${i + 1}`,
        text: text.replace(/\s+/g, " ").trim(),
        passage: passage.id,
        wish: Object.values(wishes[i]!).join(", "),
      }))
    ),
    task,
    options,
  );
  const of = (outcome: GeneratedQuery["outcome"]) =>
    queries.filter((query) => query.outcome === outcome).length;
  return {
    task: withQueries(task, queries, {
      ...options,
      model: llm.settings.llm,
    }),
    queries,
    counts: {
      passages: answers.size,
      written: queries.length,
      repeated: of("repeated"),
      copied: of("copied"),
      notFound: of("not found"),
      kept: of("kept"),
    },
    failed,
  };
}

/** What one query should be like. */
type Wish = Record<keyof QueryWishes, string>;

/** A passage with what its queries should be like. */
interface Wished {
  passage: Passage;
  wishes: Wish[];
}

function wishedFor(
  task: Task,
  { rng, passages = 100, perPassage = 2, wishes, fromTested = false }:
    GenerateQueriesOptions,
): Wished[] {
  const tested = new Set(
    fromTested
      ? []
      : [task.qrels.dev, task.qrels.test].flatMap((qrels) =>
        [...qrels?.values() ?? []].flatMap((grades) =>
          [...grades].filter(([, grade]) => grade > 0).map(([id]) => id)
        )
      ),
  );
  const free = [...task.corpus.values()].filter((passage) =>
    !tested.has(passage.id) && passageText(passage).trim() !== ""
  );
  if (free.length === 0) {
    throw new RangeError(
      `Cannot write queries for task ${
        JSON.stringify(task.name)
      }: all of its passages answer dev or test queries; --from-tested takes them all the same`,
    );
  }
  // Of a task whose language nobody has told, the passage tells it.
  const language = [task.language].flat().map((tag) =>
    tag === "und" ? "the language of the passage" : tag
  );
  const all = { ...QUERY_WISHES, language, ...wishes };
  const one = (list: readonly string[]) => list[rng.int(list.length)]!;
  return shuffled(free, rng).slice(0, passages).map((passage) => ({
    passage,
    wishes: Array.from({ length: perPassage }, () => ({
      who: one(all.who),
      kind: one(all.kind),
      length: one(all.length),
      language: one(all.language),
    })),
  }));
}

function requestFor(
  { passage, wishes }: Wished,
  { wording, passageChars }: { wording: Wording; passageChars: number },
): LlmRequest<{ queries: string[] }> {
  return {
    id: passage.id,
    ...promptOf(wording, {
      passage: cutText(passageText(passage), passageChars),
      wishes,
    }),
    schema: z.object({
      queries: z.array(z.string().trim().min(2).max(1000))
        .length(wishes.length),
    }),
    expected: 20 * wishes.length + 8,
  };
}

/** Says of each query what becomes of it. */
async function sifted(
  written: readonly Omit<GeneratedQuery, "rank" | "outcome">[],
  task: Task,
  { retrieve = bm25Retriever(task), within = 3 }: GenerateQueriesOptions,
): Promise<GeneratedQuery[]> {
  const run = await retrieve(written, Math.max(within, 10));
  const texts = new Set(
    [...task.queries.values()].map(({ text }) => normaliseText(text)),
  );
  return written.map((query) => {
    const place = rankPassages(run.get(query.id) ?? new Map())
      .indexOf(query.passage);
    const text = normaliseText(query.text);
    const outcome = texts.has(text)
      ? "repeated"
      : isCopied(text, task.corpus.get(query.passage)!)
      ? "copied"
      : place < 0 || place >= within
      ? "not found"
      : "kept";
    texts.add(text);
    return { ...query, rank: place < 0 ? null : place + 1, outcome };
  });
}

/** Characters from which on it is no chance that a passage has the same words. */
const COPIED = 40;

function isCopied(text: string, passage: Passage): boolean {
  return text.length >= COPIED &&
    normaliseText(passageText(passage)).includes(text);
}

function withQueries(
  task: Task,
  written: readonly GeneratedQuery[],
  { split = "train", model }: { split?: SplitName; model: string },
): Task {
  const queries = new Map(task.queries);
  const judged = new Map(task.qrels[split] ?? []);
  for (const { id, text, passage, outcome } of written) {
    if (outcome !== "kept") continue;
    queries.set(id, { id, text });
    judged.set(id, new Map([[passage, 1]]));
  }
  const told = `queries llm-… were written by the language model ${model}`;
  return {
    ...task,
    transform: task.transform ? `${task.transform}; ${told}` : told,
    queries,
    qrels: { ...task.qrels, [split]: judged },
  };
}
