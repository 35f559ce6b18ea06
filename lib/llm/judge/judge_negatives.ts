import { z } from "zod";
import { normaliseText } from "../../base/texts/normalise_text.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { RandomSource } from "../../base/random_source.ts";
import { shuffled } from "../../base/shuffled.ts";
import type { Query, Task } from "../../data/types.ts";
import type { DecisionRow } from "../../search/mod.ts";
import { askAll, type FailedRequest } from "../client/ask_all.ts";
import type { LlmRequest } from "../client/llm_request.ts";
import type { Llm } from "../client/open_llm.ts";
import {
  cutText,
  promptOf,
  type Wording,
  wordingOf,
} from "../prompts/wording.ts";

/** Options for {@linkcode judgeNegatives}. */
export interface JudgeNegativesOptions {
  /** Where the order of the passages comes from, in which they are shown. */
  rng: RandomSource;
  /** Characters of a passage that are shown. @default {2000} */
  passageChars?: number;
  /** Folder with prompts of one's own. @default {ours} */
  wording?: string | undefined;
  /** Stops the work at the next answer. */
  signal?: AbortSignal | undefined;
}

/** What a language model made of a task's negatives, counted. */
export interface JudgeCounts {
  /** Queries that were judged. */
  queries: number;
  /** Their negatives. */
  negatives: number;
  /** Negatives that answer better than the positive. */
  positive: number;
  /** Negatives that answer, or are said to without a quote that is there. */
  doubtful: number;
  /** Negatives that don't answer. */
  negative: number;
  /** Of the doubtful ones, those whose quote isn't in the passage. */
  unquoted: number;
  /** Share of the known positives that were found to answer. */
  recognised: number;
}

/** What a language model made of a task's negatives. */
export interface JudgedNegatives {
  /** A decision for every negative that was judged. */
  rows: DecisionRow[];
  /** The same, counted. */
  counts: JudgeCounts;
  /** Requests without an answer; their negatives have no decision. */
  failed: FailedRequest[];
}

/** A query with the passages that are shown, in the order in which they are. */
interface Case {
  query: Query;
  /** Id of the known positive. */
  positive: string;
  /** Ids, the positive's among them. */
  shown: string[];
}

/**
 * Has a language model judge a task's negatives. First, for each query, which of its
 * passages answer it, the known positive among them, with the words that do: an
 * answer counts only if these stand in the passage. Then those that answer are put in
 * order with the positive. What comes before the positive is a positive; what comes
 * after it is doubtful, and mining leaves it out; the rest is negative.
 *
 * Passages are shown in random order under numbers, so that neither place nor name
 * tells which is the positive, and what a passage says of itself decides nothing but
 * its own case.
 *
 * @param llm The model.
 * @param task The task.
 * @param negatives Query id → ids of its negatives.
 * @param options Order, lengths, prompts.
 * @returns Progress; at the end decisions, which mining takes.
 * @throws {RangeError} If a query or passage isn't the task's, or as `askAll()`.
 */
export async function* judgeNegatives(
  llm: Llm,
  task: Task,
  negatives: ReadonlyMap<string, readonly string[]>,
  { rng, passageChars = 2000, wording, signal }: JudgeNegativesOptions,
): AsyncGenerator<ProgressEvent, JudgedNegatives> {
  const shown = new Shown(task, passageChars);
  const cases = casesOf(task, negatives, rng);
  const label = `judging negatives of ${task.name}`;
  const what = `Queries and passages of ${task.name}`;
  const answers = await wordingOf("judge-answers", wording);
  const first = yield* askAll(
    llm,
    cases.map((each) => answersRequest(each, shown, answers)),
    { label, what, signal },
  );
  const found = new Map(cases.flatMap((each) => {
    const said = first.answers.get(each.query.id);
    return said ? [[each, shown.found(each, said)] as const] : [];
  }));
  const disputed = [...found].filter(([{ positive }, { quoted }]) =>
    [...quoted].some((id) => id !== positive)
  ).map(([each, { quoted }]) => ({
    ...each,
    shown: each.shown.filter((id) => id === each.positive || quoted.has(id)),
  }));
  const order = await wordingOf("judge-order", wording);
  const second = yield* askAll(
    llm,
    disputed.map((each) => orderRequest(each, shown, order)),
    { label: `ordering what answers in ${task.name}`, what, signal },
  );
  const orders = new Map(disputed.map(({ query: { id }, shown }) => [
    id,
    second.answers.get(id)?.order.map((n) => shown[n - 1]!),
  ]));
  const rows: DecisionRow[] = [];
  for (const [each, answered] of found) {
    const order = orders.get(each.query.id);
    const isOpen = orders.has(each.query.id) && order === undefined;
    if (!isOpen) rows.push(...decide({ ...each, ...answered, order }, task));
  }
  return {
    rows,
    counts: countsOf(rows, [...found]),
    failed: [...first.failed, ...second.failed],
  };
}

function casesOf(
  task: Task,
  negatives: ReadonlyMap<string, readonly string[]>,
  rng: RandomSource,
): Case[] {
  return [...negatives].flatMap(([id, list]) => {
    const query = task.queries.get(id);
    const missing = list.find((passage) => !task.corpus.has(passage));
    if (!query || missing !== undefined) {
      throw new RangeError(
        `Cannot judge negatives of task ${
          JSON.stringify(task.name)
        }: it has no ${
          query
            ? `passage ${JSON.stringify(missing)}`
            : `query ${JSON.stringify(id)}`
        }`,
      );
    }
    const known = positivesOf(task, id);
    const [positive] = known;
    const others = list.filter((passage) => !known.has(passage));
    if (positive === undefined || others.length === 0) return [];
    return [{ query, positive, shown: shuffled([positive, ...others], rng) }];
  });
}

/** Ids of a query's positives, of grade > 0 in any split, that are in the corpus. */
export function positivesOf(task: Task, query: string): Set<string> {
  return new Set(
    Object.values(task.qrels).flatMap((qrels) => [...qrels.get(query) ?? []])
      .filter(([id, grade]) => grade > 0 && task.corpus.has(id))
      .map(([id]) => id),
  );
}

const answersForm = (count: number) => {
  const each = z.object({
    n: z.int().min(1).max(count),
    answers: z.boolean(),
    quote: z.string(),
  });
  return z.object({ passages: z.array(each).length(count) }).refine(
    ({ passages }) => new Set(passages.map(({ n }) => n)).size === count,
    { path: ["passages"], error: "must have each number once" },
  );
};
type AnswersForm = z.infer<ReturnType<typeof answersForm>>;

const orderForm = (count: number) =>
  z.object({ order: z.array(z.int().min(1).max(count)).length(count) })
    .refine(({ order }) => new Set(order).size === count, {
      path: ["order"],
      error: "must have each number once",
    });

function answersRequest(
  { query: { id, text }, shown: ids }: Case,
  shown: Shown,
  wording: Wording,
): LlmRequest<AnswersForm> {
  return {
    id,
    ...promptOf(wording, { query: text, passages: shown.list(ids) }),
    schema: answersForm(ids.length),
    expected: 24 * ids.length,
  };
}

function orderRequest(
  { query: { id, text }, shown: ids }: Case,
  shown: Shown,
  wording: Wording,
): LlmRequest<{ order: number[] }> {
  return {
    id,
    ...promptOf(wording, { query: text, passages: shown.list(ids) }),
    schema: orderForm(ids.length),
    expected: 4 * ids.length + 8,
  };
}

/** Passages as they are shown. */
class Shown {
  readonly #texts = new Map<string, string>();
  readonly #task: Task;
  readonly #most: number;

  constructor(task: Task, most: number) {
    this.#task = task;
    this.#most = most;
  }

  text(id: string): string {
    let text = this.#texts.get(id);
    if (text === undefined) {
      text = cutText(passageText(this.#task.corpus.get(id)!), this.#most);
      this.#texts.set(id, text);
    }
    return text;
  }

  list(ids: readonly string[]): { n: number; text: string }[] {
    return ids.map((id, i) => ({ n: i + 1, text: this.text(id) }));
  }

  /** The passages that are said to answer, and those of them whose quote is there. */
  found({ shown }: Case, { passages }: AnswersForm) {
    const said = passages.filter(({ answers }) => answers);
    const idOf = (n: number) => shown[n - 1]!;
    const quoted = said.filter(({ n, quote }) => {
      const words = normaliseText(quote);
      return words !== "" && normaliseText(this.text(idOf(n))).includes(words);
    });
    return {
      said: new Set(said.map(({ n }) => idOf(n))),
      quoted: new Set(quoted.map(({ n }) => idOf(n))),
    };
  }
}

/** What follows from the answers to one query. */
function decide(
  { query, positive, shown, said, quoted, order }: Case & {
    said: ReadonlySet<string>;
    quoted: ReadonlySet<string>;
    order: readonly string[] | undefined;
  },
  task: Task,
): DecisionRow[] {
  const text = (id: string) => passageText(task.corpus.get(id)!);
  // The last in order scores 1; what doesn't answer, 0.
  const place = (id: string) => order ? order.length - order.indexOf(id) : 1;
  return shown.filter((id) => id !== positive).map((passage) => {
    const score = quoted.has(passage) ? place(passage) : 0;
    const positiveScore = place(positive);
    return {
      decision: score > positiveScore
        ? "positive"
        : said.has(passage)
        ? "doubtful"
        : "negative",
      task: task.name,
      query: query.id,
      passage,
      score,
      positiveScore,
      queryText: query.text,
      positiveText: text(positive),
      passageText: text(passage),
    };
  });
}

function countsOf(
  rows: readonly DecisionRow[],
  found: readonly (readonly [
    Case,
    { said: ReadonlySet<string>; quoted: ReadonlySet<string> },
  ])[],
): JudgeCounts {
  const of = (decision: DecisionRow["decision"]) =>
    rows.filter((row) => row.decision === decision).length;
  const unquoted = found.flatMap(([{ positive }, { said, quoted }]) =>
    [...said].filter((id) => id !== positive && !quoted.has(id))
  );
  const known = found.filter(([{ positive }, { quoted }]) =>
    quoted.has(positive)
  );
  return {
    queries: new Set(rows.map(({ query }) => query)).size,
    negatives: rows.length,
    positive: of("positive"),
    doubtful: of("doubtful"),
    negative: of("negative"),
    unquoted: unquoted.length,
    recognised: known.length / found.length,
  };
}
