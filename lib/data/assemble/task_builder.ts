import { idProblem } from "../beir/schemas.ts";
import { own } from "../../base/own.ts";
import { type CellPassage, passagesOf, textOf } from "../tables/cells.ts";
import type { ClassNames } from "../tables/class_names.ts";
import { type ChosenColumns, mayBeLabel } from "../tables/choose_columns.ts";
import { isLabelName, isPositiveName } from "../tables/column_names.ts";
import { LabelMap } from "../tables/label_map.ts";
import { SplitMap, type SplitTarget } from "../tables/split_map.ts";
import { supportingTitles } from "../tables/nested_passages.ts";
import { SPLIT_WORDS } from "../tables/split_name.ts";
import type { TableRow } from "../tables/table.ts";
import type { ParsedTableTaskOptions } from "../tables/table_options.ts";
import type { SplitName } from "../types.ts";
import { type BuiltTask, builtTask } from "./built_task.ts";
import { Growing } from "./growing.ts";
import { type Judgment, JudgmentStore } from "./judgment_store.ts";
import { Places } from "./places.ts";
import { lotOf } from "./split_queries.ts";
import type { TaskSink } from "./task_sink.ts";
import { type Known, TextStore } from "./text_store.ts";

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
  /** Whether its cell of passages says which of them answer. */
  judged?: boolean;
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
  /** Where its texts go. */
  sink: TaskSink;
}

/** A judgment without passage and grade. */
type Unjudged = Omit<Judgment, "passage" | "grade">;

/** A passage of a row with its grade. */
interface Graded {
  passage: CellPassage;
  grade: number;
}

/**
 * Makes a task out of rows, given one after the other. Its texts go to a sink as
 * they come; what it keeps are numbers, hashes, and ids that the rows give.
 */
export class TaskBuilder {
  readonly #columns: ChosenColumns;
  readonly #options: ParsedTableTaskOptions;
  readonly #maps: RowMaps;
  readonly #sink: TaskSink;
  readonly #places = new Places();
  readonly #queries = new TextStore("q");
  readonly #passages = new TextStore("p");
  /** What decides into which split a query goes, by its number. */
  readonly #lots = new Growing(Float64Array);
  readonly #judgments = new JudgmentStore();
  /** Rows left out for want of a query or passage. */
  skipped = 0;

  constructor({ columns, options, maps, sink }: TaskBuilderOptions) {
    this.#columns = columns;
    this.#options = options;
    this.#maps = maps ?? rowMaps(options);
    this.#sink = sink;
  }

  /** Takes in one row. */
  add(row: TableRow): RowOutcome {
    const { where, cells } = row;
    const { named, target } = this.#splitOf(row);
    const outcome: RowOutcome = named === undefined ? {} : { named };
    if (target === "none") return { ...outcome, leftOut: "split" };
    const { query, passage } = this.#columns;
    const text = textOf(own(cells, query), where, query);
    const found = this.#selected(
      passagesOf(own(cells, passage), where, passage),
      cells,
    );
    const passages = found.filter(({ selected = true }) => selected);
    const judged = found.some(({ selected }) => selected !== undefined);
    if (judged) outcome.judged = true;
    if (text === undefined || passages.length === 0) {
      const what = text !== undefined && judged
        ? "a passage that answers"
        : "a text";
      this.#skip(where, { column: text === undefined ? query : passage, what });
      return { ...outcome, leftOut: "empty" };
    }
    const { graded, unlabelled } = this.#graded(passages, row);
    if (graded.length === 0) return { ...outcome, leftOut: "label" };
    const judgment = {
      query: this.#addQuery(text, row),
      split: target,
      place: this.#places.code(where),
    };
    this.#addPassages(graded, { judgment, row });
    this.#keepNegatives(judgment, row);
    for (const passage of found) {
      if (passage.selected === false) this.#keep(judgment, passage);
    }
    return {
      ...outcome,
      ...target !== undefined && { split: target },
      ...unlabelled && { unlabelled },
    };
  }

  /** The passages of a row with their grades, without those that are left out. */
  #graded(
    passages: readonly CellPassage[],
    { where, cells }: TableRow,
  ): { graded: Graded[]; unlabelled: boolean } {
    const { score: column, passage } = this.#columns;
    const { minScore } = this.#options;
    const place = { where, column: column!, minScore };
    const gradedBy = (
      cellOf: (passage: CellPassage, i: number) => unknown,
    ) => ({
      graded: passages.map((passage, i) => ({
        passage,
        grade: this.#maps.labels.grade(cellOf(passage, i), place),
      })).filter((found): found is Graded => found.grade !== "none"),
      unlabelled: false,
    });
    if (column === undefined) {
      this.#checkNoLabel(passages, where);
    } else if (Object.hasOwn(cells, column)) {
      const cell = own(cells, column);
      if (!Array.isArray(cell)) return gradedBy(() => cell);
      if (cell.length === passages.length) return gradedBy((_, i) => cell[i]);
      throw new SyntaxError(
        `${where}: Cannot use the row: column ${
          JSON.stringify(column)
        } must have a grade for each of the ${passages.length} passages: got ${cell.length}`,
      );
    } else if (column.startsWith(`${passage}.`)) {
      const key = column.slice(passage.length + 1);
      return gradedBy(({ object = {} }) => own(object, key));
    }
    return {
      graded: passages.map((passage) => ({ passage, grade: 1 })),
      unlabelled: column !== undefined,
    };
  }

  /** Asks where the passages of a cell may have labels that nobody speaks of. */
  #checkNoLabel(passages: readonly CellPassage[], where: string): void {
    const { passage: column } = this.#columns;
    if (this.#options.score === null || isPositiveName(column)) return;
    for (const { object, selected } of passages) {
      if (object === undefined || selected !== undefined) continue;
      const key = Object.keys(object).find(isLabelName);
      if (key !== undefined) throw mayBeLabel(where, `${column}.${key}`);
    }
  }

  #addPassages(
    passages: readonly Graded[],
    { judgment, row: { where, cells } }: { judgment: Unjudged; row: TableRow },
  ): void {
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
    for (const { passage: found, grade } of passages) {
      const passage = this.#addPassage({
        id: id ?? found.id,
        title: found.title ?? heading,
        text: found.text,
      }, judgment.place);
      const old = this.#judgments.add({ ...judgment, passage, grade });
      if (old && old.grade !== grade) {
        throw new SyntaxError(
          `${where}: Cannot use the row: ${
            this.#places.where(old.place)
          } gives the same query and passage another grade: got ${grade} and ${old.grade}; keep one of them`,
        );
      }
    }
  }

  /** What has an id of its own must come first, so negatives wait. */
  #keepNegatives(judgment: Unjudged, { where, cells }: TableRow): void {
    for (const column of this.#columns.negatives) {
      for (const passage of passagesOf(own(cells, column), where, column)) {
        this.#keep(judgment, passage);
      }
    }
  }

  #keep(judgment: Unjudged, { id, title, text }: CellPassage): void {
    this.#sink.keep({ judgment, passage: { id, title, text } });
  }

  /** Passages with what a column of supporting facts says of them. */
  #selected(
    passages: CellPassage[],
    cells: TableRow["cells"],
  ): CellPassage[] {
    const { support } = this.#columns;
    const titles = support === undefined
      ? undefined
      : supportingTitles(own(cells, support));
    if (titles === undefined) return passages;
    return passages.map((passage) =>
      passage.title === undefined
        ? passage
        : { ...passage, selected: titles.has(passage.title) }
    );
  }

  /** The task, with splits drawn where the rows name none. */
  async finish(name: string, source: string): Promise<BuiltTask> {
    for await (const { judgment, passage: found } of this.#sink.kept()) {
      const passage = this.#addPassage(found, judgment.place);
      if (this.#judgments.isMatch(judgment.query, passage)) continue;
      this.#judgments.add({ ...judgment, passage, grade: 0 });
      await this.#sink.drain();
    }
    this.#checkJudged(`task ${JSON.stringify(name)} of ${source}`);
    const { prompt, language, kind, license } = this.#options;
    return builtTask({
      info: {
        name,
        prompt,
        language,
        kind,
        license,
        source: this.#options.source ?? source,
      },
      queries: this.#queries,
      passages: this.#passages,
      lots: this.#lots,
      judgments: this.#judgments,
      shares: this.#options,
    });
  }

  #checkJudged(what: string): void {
    const { size, matches } = this.#judgments;
    if (size > 0 && matches) return;
    throw new SyntaxError(
      `Cannot make ${what}: ${
        size === 0
          ? `it must hold a row with a query and a passage: got ${
            this.skipped > 0 ? `${this.skipped} rows without` : "no rows"
          }`
          : `a row must match: no score is above 0${
            this.#options.minScore === undefined ? "" : " or reaches minScore"
          }`
      }`,
    );
  }

  #skip(
    where: string,
    { column, what }: { column: string; what: string },
  ): void {
    this.skipped++;
    if (this.#options.skipEmpty) return;
    throw new SyntaxError(
      `${where}: Cannot use the row: column ${
        JSON.stringify(column)
      } must hold ${what}: got none; fill it, or leave such rows out (skipEmpty, --skip-empty)`,
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

  #addQuery(text: string, { where, cells }: TableRow): number {
    const id = this.#idOf(this.#columns.queryId, cells, where);
    const place = this.#places.code(where);
    const known = this.#queries.add({ whole: text, id, place });
    this.#checkText(known, { what: "query", id, place });
    if (known.fresh) {
      this.#lots.push(lotOf(text, this.#options.seed));
      this.#sink.query({ id: this.#queries.id(known.index), text });
    }
    return known.index;
  }

  #addPassage({ id: own, title, text }: CellPassage, place: number): number {
    // Without ids even those within cells are left out.
    const id = this.#options.passageId === null ? undefined : own;
    const problem = id === undefined ? undefined : idProblem(id);
    if (problem) {
      throw new SyntaxError(
        `${
          this.#places.where(place)
        }: Cannot use the row: the id of a passage ${problem}: got ${
          JSON.stringify(id)
        }`,
      );
    }
    const whole = `${title?.length ?? 0} ${title ?? ""}${text}`;
    const known = this.#passages.add({ whole, id, place });
    this.#checkText(known, { what: "passage", id, place });
    if (known.fresh) {
      const id = this.#passages.id(known.index);
      this.#sink.passage(
        title === undefined ? { id, text } : { id, title, text },
      );
    }
    return known.index;
  }

  /** Throws where an id has two texts. */
  #checkText(
    { clash }: Known,
    { what, id, place }: {
      what: string;
      id: string | undefined;
      place: number;
    },
  ): void {
    if (clash === undefined) return;
    throw new SyntaxError(
      `${this.#places.where(place)}: Cannot use the row: ${what} ${
        JSON.stringify(id)
      } must have one text: ${this.#places.where(clash)} gives it another`,
    );
  }
}

/** What the options say of splits and labels. */
export function rowMaps(
  { mapSplits, mapLabels }: ParsedTableTaskOptions,
  classes?: ClassNames,
): RowMaps {
  const labels = new LabelMap(mapLabels, classes);
  return { splits: new SplitMap(mapSplits), labels };
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
