import { compareCodePoints } from "../base/compare_code_points.ts";
import {
  type Passage,
  type Qrels,
  type Query,
  type SplitName,
  SPLITS,
  type Task,
} from "../data/mod.ts";
import { Groups } from "./groups.ts";
import { hash32 } from "../base/hash32.ts";
import type { Pair, Recipe } from "./recipe.ts";
import type { SourceVersions } from "./package_folders.ts";
import type { Sources } from "./sources.ts";
import { normaliseText } from "../base/texts/normalise_text.ts";

/** More positives than this: the query is too vague to be asked. */
const MAX_POSITIVES = 5;

/** A corpus smaller than this is filled up with passages that answer nothing. */
const MIN_CORPUS = 800;

/** A query with all its passages. */
export interface Item {
  /** Text of the query. */
  query: string;
  /** Passages that answer it, by normal form. */
  passages: Map<string, Pick<Passage, "title" | "text">>;
  /** Everything that ties it to other items. */
  ties: string[];
}

/** The queries of a task, chosen, and passages that go with none of them. */
export interface Draft {
  /** How the task is made. */
  recipe: Recipe;
  /** The chosen queries. */
  items: Item[];
  /** Passages of the queries that weren't chosen, by normal form. */
  others: Item["passages"];
}

/** Merges equal queries, drops bad pairs, and chooses by hash. */
export function draftTask(recipe: Recipe, sources: Sources): Draft {
  const items = new Map<string, Item>();
  for (const { key, query, title, text } of recipe.pairs(sources)) {
    const queryForm = normaliseText(query);
    const [passageForm, passage] = withForm({ title, text });
    // The answer must not be a copy of the question.
    if (` ${passageForm} `.includes(` ${queryForm} `)) continue;
    let item = items.get(queryForm);
    if (!item) {
      item = { query, passages: new Map(), ties: [`text:${queryForm}`] };
      const pattern = patternOf(query);
      if (pattern) item.ties.push(`pattern:${pattern}`);
      items.set(queryForm, item);
    }
    if (!item.passages.has(passageForm)) {
      item.passages.set(passageForm, passage);
    }
    item.ties.push(key, `text:${passageForm}`);
  }
  const clear = [...items.entries()].filter(([, item]) =>
    item.passages.size <= MAX_POSITIVES
  );
  const draw = ([form]: [string, Item]) => hash32(`${recipe.name} ${form}`);
  const chosen = new Set(
    clear
      .toSorted((a, b) => draw(a) - draw(b) || compareCodePoints(a[0], b[0]))
      .slice(0, recipe.size)
      .map(([, item]) => item),
  );
  const kept: Item[] = [], others: Item["passages"] = new Map();
  for (const [, item] of clear) {
    if (chosen.has(item)) kept.push(item);
    else for (const [form, passage] of item.passages) others.set(form, passage);
  }
  for (const passage of recipe.distractors?.(sources) ?? []) {
    others.set(...withForm(passage));
  }
  return { recipe, items: kept, others };
}

/** A passage with its normal form; forms that are equal are one passage. */
function withForm(
  { title, text }: Pick<Pair, "title" | "text">,
): [form: string, passage: Pick<Passage, "title" | "text">] {
  return title
    ? [normaliseText(`${title} ${text}`), { title, text }]
    : [normaliseText(text), { text }];
}

/**
 * A query without what varies between copies of a stock sentence: names,
 * numbers, quotations. Queries of one pattern stay in one split.
 */
function patternOf(query: string): string | undefined {
  const words = query
    .replace(/"[^"]*"|'[^']*'|\{\d\}/g, " ")
    .split(/[^\p{L}\p{M}\p{N}_.$]+/u)
    .filter((word) => !/\d|\p{Ll}\p{Lu}|\w\.\w|_/u.test(word));
  const pattern = normaliseText(words.join(" "));
  return pattern.length >= 20 ? pattern : undefined;
}

/**
 * Gives each item of each draft its split: about 70 % train, 10 % dev, 20 %
 * test. What shares an origin, a text or a pattern shares the split, across
 * all tasks, so nothing asked in one split is seen in another.
 */
export function assignSplits(drafts: readonly Draft[]): Map<Item, SplitName> {
  const groups = new Groups();
  const items = drafts.flatMap((draft) => draft.items);
  for (const { ties } of items) groups.join(ties);
  const names = groups.names();
  return new Map(items.map((item) => {
    const percent = hash32(`split ${names.get(item.ties[0]!)!}`) % 100;
    return [item, percent < 70 ? "train" : percent < 80 ? "dev" : "test"];
  }));
}

/** Writes a draft out as a task. */
export function assembleTask(
  { recipe, items, others }: Draft,
  splits: ReadonlyMap<Item, SplitName>,
  versions: SourceVersions,
): Task {
  const { size: _, pairs: __, distractors: ___, source, ...info } = recipe;
  const corpus = new Map<string, Passage>();
  const ids = new Map<string, string>();
  const add = (form: string, passage: Pick<Passage, "title" | "text">) => {
    let id = ids.get(form);
    if (id === undefined) {
      id = `p${String(corpus.size).padStart(4, "0")}`;
      ids.set(form, id);
      corpus.set(id, { id, ...passage });
    }
    return id;
  };
  const queries = new Map<string, Query>();
  const qrels: Partial<Record<SplitName, Qrels>> = {};
  for (const split of SPLITS) {
    const part: Qrels = qrels[split] = new Map();
    for (const item of items) {
      if (splits.get(item) !== split) continue;
      const id = `q${String(queries.size).padStart(4, "0")}`;
      queries.set(id, { id, text: item.query });
      const passages = [...item.passages].map(([form, p]) => add(form, p));
      part.set(id, new Map(passages.map((passage) => [passage, 1])));
    }
  }
  for (const [form, passage] of others) {
    if (corpus.size >= MIN_CORPUS) break;
    add(form, passage);
  }
  return { ...info, source: source(versions), corpus, queries, qrels };
}
