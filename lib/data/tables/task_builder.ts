import { idProblem } from "../beir/schemas.ts";
import { SPLITS } from "../types.ts";
import type { Passage, Qrels, Query, SplitName, Task } from "../types.ts";
import { type CellPassage, passagesOf, textOf } from "./cells.ts";
import type { ChosenColumns } from "./choose_columns.ts";
import { LabelMap } from "./label_map.ts";
import { SplitMap, type SplitTarget } from "./split_map.ts";
import { SPLIT_WORDS } from "./split_name.ts";
import { splitQueries } from "./split_queries.ts";
import type { TableRow } from "./table.ts";
import type { ParsedTableTaskOptions } from "./table_options.ts";
import { own } from "../../base/own.ts";

/** A judgment, in the split that its row names. */
interface Judgment {
  query: string;
  split: SplitName | undefined;
  passage: string;
  grade: number;
  where: string;
}

/** What became of a row. */
export interface RowOutcome {
  /** The split that it or its file names. */
  named?: string;
  /** The split that it is taken for; absent = lots decide. */
  split?: SplitName;
  /** Why it was left out, if it was. */
  leftOut?: "empty" | "split" | "label";
  /** Whether it lacks the label that others have, and counts as a match. */
  unlabelled?: boolean;
}

/** What the user says of splits and labels, for all tasks of a table. */
export interface RowMaps {
  splits: SplitMap;
  labels: LabelMap;
}

/** What {@linkcode TaskBuilder} is told. */
export interface TaskBuilderOptions {
  columns: ChosenColumns;
  options: ParsedTableTaskOptions;
  maps?: RowMaps;
}

/** Makes a task out of rows, given one after the other. */
export class TaskBuilder {
  readonly #columns: ChosenColumns;
  readonly #options: ParsedTableTaskOptions;
  readonly #maps: RowMaps;
  readonly #queries = new Map<string, Query>();
  readonly #corpus = new Map<string, Passage>();
  /** Text → id, of queries and passages that came without one, and of all passages. */
  readonly #queryIds = new Map<string, string>();
  readonly #passageIds = new Map<string, string>();
  readonly #judgments = new Map<string, Judgment>();
  /** Negatives wait: what has an id of its own must come first. */
  readonly #negatives: [Omit<Judgment, "passage">, CellPassage][] = [];
  /** Rows left out for want of a query or passage. */
  skipped = 0;

  constructor({ columns, options, maps }: TaskBuilderOptions) {
    this.#columns = columns;
    this.#options = options;
    this.#maps = maps ?? rowMaps(options);
  }

  /** Takes in one row. */
  add(row: TableRow): RowOutcome {
    const { where, cells } = row;
    const { named, target } = this.#splitOf(row);
    const outcome: RowOutcome = named === undefined ? {} : { named };
    if (target === "none") return { ...outcome, leftOut: "split" };
    const { query, passage, score } = this.#columns;
    const text = textOf(own(cells, query), where, query);
    const passages = passagesOf(own(cells, passage), where, passage);
    if (text === undefined || passages.length === 0) {
      this.#skip(where, text === undefined ? query : passage);
      return { ...outcome, leftOut: "empty" };
    }
    const unlabelled = score !== undefined && !Object.hasOwn(cells, score);
    const grade = score === undefined || unlabelled
      ? 1
      : this.#maps.labels.grade(own(cells, score), {
        where,
        column: score,
        minScore: this.#options.minScore,
      });
    if (grade === "none") return { ...outcome, leftOut: "label" };
    const judgment = {
      query: this.#addQuery(text, cells, where),
      split: target,
      grade,
      where,
    };
    this.#addPassages(passages, { judgment, cells });
    this.#keepNegatives(judgment, cells);
    return {
      ...outcome,
      ...target !== undefined && { split: target },
      ...unlabelled && { unlabelled },
    };
  }

  #addPassages(
    passages: readonly CellPassage[],
    { judgment, cells }: {
      judgment: Omit<Judgment, "passage">;
      cells: TableRow["cells"];
    },
  ): void {
    const { where } = judgment;
    const { title } = this.#columns;
    const heading = title ? textOf(own(cells, title), where, title) : undefined;
    const id = this.#idOf(this.#columns.passageId, cells, where);
    if (id !== undefined && passages.length > 1) {
      throw new SyntaxError(
        `${where}: Cannot use the row: ${passages.length} passages must not share one id: got ${
          JSON.stringify(id)
        }; leave the id column out (passageId: null, --passage-id none)`,
      );
    }
    for (const found of passages) {
      const whole = {
        id: id ?? found.id,
        title: found.title ?? heading,
        text: found.text,
      };
      this.#judge({ ...judgment, passage: this.#addPassage(whole, where) });
    }
  }

  #keepNegatives(
    judgment: Omit<Judgment, "passage">,
    cells: TableRow["cells"],
  ): void {
    const { where } = judgment;
    for (const column of this.#columns.negatives) {
      for (const found of passagesOf(own(cells, column), where, column)) {
        this.#negatives.push([{ ...judgment, grade: 0 }, found]);
      }
    }
  }

  /** The task, with splits drawn where the rows name none. */
  finish(name: string, source: string): Task {
    const { prompt, language, kind, license } = this.#options;
    const positive = new Set<string>();
    for (const { query, passage, grade } of this.#judgments.values()) {
      if (grade > 0) positive.add(`${query}\t${passage}`);
    }
    for (const [judgment, found] of this.#negatives.splice(0)) {
      const passage = this.#addPassage(found, judgment.where);
      if (positive.has(`${judgment.query}\t${passage}`)) continue;
      const key = keyOf({ ...judgment, passage });
      if (!this.#judgments.has(key)) {
        this.#judgments.set(key, { ...judgment, passage });
      }
    }
    if (this.#judgments.size === 0) {
      throw new SyntaxError(
        `Cannot make task ${
          JSON.stringify(name)
        } of ${source}: it must hold a row with a query and a passage: got ${
          this.skipped > 0 ? `${this.skipped} rows without` : "no rows"
        }`,
      );
    }
    if (positive.size === 0) {
      throw new SyntaxError(
        `Cannot make task ${
          JSON.stringify(name)
        } of ${source}: a row must match: no score is above 0${
          this.#options.minScore === undefined ? "" : " or reaches minScore"
        }`,
      );
    }
    return {
      name,
      prompt,
      language,
      kind,
      license,
      source: this.#options.source ?? source,
      corpus: this.#corpus,
      queries: this.#queries,
      qrels: this.#qrels(),
    };
  }

  #skip(where: string, column: string): void {
    this.skipped++;
    if (this.#options.skipEmpty) return;
    throw new SyntaxError(
      `${where}: Cannot use the row: column ${
        JSON.stringify(column)
      } must hold a text: got none; fill it, or leave such rows out (skipEmpty, --skip-empty)`,
    );
  }

  /** The split that a row names, or its file, and what it stands for. */
  #splitOf(
    { where, cells, split: ofFile }: TableRow,
  ): { named?: string; target?: SplitTarget } {
    const { split: column } = this.#columns;
    const word = column === undefined
      ? undefined
      : textOf(own(cells, column), where, column);
    const byFile = ofFile === undefined
      ? undefined
      // What nobody understands must not be trained on.
      : this.#maps.splits.target(ofFile) ?? "none";
    if (word === undefined) {
      return ofFile === undefined ? {} : { named: ofFile, target: byFile };
    }
    const target = this.#maps.splits.target(word);
    if (target === undefined) throw noSplit(where, column!, word);
    if (
      byFile !== undefined && byFile !== target &&
      this.#options.split === undefined
    ) {
      throw new SyntaxError(
        `${where}: Cannot use the row: its file is of split ${
          JSON.stringify(ofFile)
        }, and column ${JSON.stringify(column)} says ${
          JSON.stringify(word)
        }; say which one counts: the column (--split ${column}) or the file (--split none)`,
      );
    }
    return { named: word, target };
  }

  #idOf(
    column: string | undefined,
    cells: TableRow["cells"],
    where: string,
  ): string | undefined {
    if (column === undefined) return undefined;
    const id = textOf(own(cells, column), where, column) ?? "";
    const problem = idProblem(id);
    if (!problem) return id;
    throw new SyntaxError(
      `${where}: Cannot use the row: column ${
        JSON.stringify(column)
      }: an id ${problem}: got ${JSON.stringify(id)}`,
    );
  }

  #addQuery(text: string, cells: TableRow["cells"], where: string): string {
    const given = this.#idOf(this.#columns.queryId, cells, where);
    const id = given ?? this.#queryIds.get(text) ??
      `q${this.#queries.size + 1}`;
    const old = this.#queries.get(id);
    if (old && old.text !== text) {
      throw twoTexts(where, { what: "query", id, earlier: old.text });
    }
    if (!old) this.#queries.set(id, { id, text });
    if (given === undefined) this.#queryIds.set(text, id);
    return id;
  }

  #addPassage({ id: own, title, text }: CellPassage, where: string): string {
    // Without ids even those within cells are left out.
    const given = this.#options.passageId === null ? undefined : own;
    const whole = JSON.stringify([title ?? "", text]);
    const id = given ?? this.#passageIds.get(whole) ?? this.#freeId();
    const old = this.#corpus.get(id);
    if (old && JSON.stringify([old.title ?? "", old.text]) !== whole) {
      throw twoTexts(where, { what: "passage", id, earlier: old.text });
    }
    if (!old) {
      const passage = title === undefined ? { id, text } : { id, title, text };
      this.#corpus.set(id, passage);
    }
    if (!this.#passageIds.has(whole)) this.#passageIds.set(whole, id);
    return id;
  }

  /** Numbered from 1; given ids may look the same. */
  #freeId(): string {
    let number = this.#corpus.size + 1;
    while (this.#corpus.has(`p${number}`)) number++;
    return `p${number}`;
  }

  #judge(judgment: Judgment): void {
    const key = keyOf(judgment);
    const old = this.#judgments.get(key);
    if (old && old.grade !== judgment.grade) {
      throw new SyntaxError(
        `${judgment.where}: Cannot use the row: ${old.where} gives the same query and passage another grade: got ${judgment.grade} and ${old.grade}; keep one of them`,
      );
    }
    if (!old) this.#judgments.set(key, judgment);
  }

  #qrels(): Task["qrels"] {
    const judgments = [...this.#judgments.values()];
    const namedSplits = new Set(judgments.map(({ split }) => split));
    // A query that some row gives a split keeps it in all its rows.
    const splitOfQuery = new Map<string, SplitName>();
    for (const { query, split } of judgments) {
      if (split) splitOfQuery.set(query, split);
    }
    const pool = new Set<string>();
    for (const { query, grade } of judgments) {
      if (grade > 0 && (splitOfQuery.get(query) ?? "train") === "train") {
        pool.add(query);
      }
    }
    const { dev, test, seed } = this.#options;
    const drawn = splitQueries(
      [...pool].map((id) => this.#queries.get(id)!),
      {
        dev: namedSplits.has("dev") ? 0 : dev,
        test: namedSplits.has("test") ? 0 : test,
        seed,
      },
    );
    const bySplit: Record<SplitName, Qrels> = {
      train: new Map(),
      dev: new Map(),
      test: new Map(),
    };
    for (const { query, split, passage, grade } of judgments) {
      const named = split ?? splitOfQuery.get(query) ?? "train";
      const target = named === "train" ? drawn.get(query) ?? named : named;
      let grades = bySplit[target].get(query);
      if (!grades) bySplit[target].set(query, grades = new Map());
      if (!grades.has(passage)) grades.set(passage, grade);
    }
    return Object.fromEntries(
      SPLITS.filter((split) => bySplit[split].size > 0)
        .map((split) => [split, bySplit[split]]),
    );
  }
}

/** What the options say of splits and labels. */
export function rowMaps(
  { mapSplits, mapLabels }: ParsedTableTaskOptions,
): RowMaps {
  return { splits: new SplitMap(mapSplits), labels: new LabelMap(mapLabels) };
}

function noSplit(where: string, column: string, word: string): SyntaxError {
  return new SyntaxError(
    `${where}: Cannot use the row: column ${
      JSON.stringify(column)
    } must be one of ${SPLIT_WORDS}: got ${
      JSON.stringify(word)
    }; say what it is by mapSplits (--map-splits ${
      JSON.stringify(`${word}=test`)
    }, or =none to leave its rows out), or leave the column out (split: null, --split none) to have splits drawn`,
  );
}

function keyOf({ query, split, passage }: Judgment): string {
  return JSON.stringify([split ?? "", query, passage]);
}

function twoTexts(
  where: string,
  { what, id, earlier }: { what: string; id: string; earlier: string },
): SyntaxError {
  const start = earlier.length > 60 ? `${earlier.slice(0, 57)}...` : earlier;
  return new SyntaxError(
    `${where}: Cannot use the row: ${what} ${
      JSON.stringify(id)
    } must have one text: an earlier row has ${JSON.stringify(start)}`,
  );
}
