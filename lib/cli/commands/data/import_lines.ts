import type { ImportRecord } from "../../../data/mod.ts";
import { line } from "../../../base/printable.ts";

/** Most names that a line lists. */
const MOST = 20;

/** Tells what an import took for what, and what it left out. */
export function importLines(record: ImportRecord): string[] {
  return [
    ...fileLines(record),
    ...columnLines(record),
    ...splitLines(record),
    ...rowLines(record),
  ];
}

function fileLines(
  { files, unusedFiles, notes = [] }: ImportRecord,
): string[] {
  return [
    ...limited(files.map(({ name, split, rows }) => {
      const what = name === "README.md"
        ? "says which files are which split"
        : rows === undefined
        ? "read"
        : counted(rows, "row");
      const named = split === undefined ? "" : ` of split ${quoted(split)}`;
      return line`${name}: ${what}${named}`;
    })),
    ...limited(
      unusedFiles.map(({ name, why }) => line`${name}: not used: it ${why}`),
    ),
    ...limited(notes.map((note) => line`${note}`)),
  ];
}

/** `negatives` as a reader of the table calls it. */
const USES: Readonly<Record<string, string>> = {
  queryId: "query id",
  passageId: "passage id",
  support: "titles of the passages that answer",
};

function columnLines({ columns, unusedColumns }: ImportRecord): string[] {
  const taken = Object.entries(columns ?? {}).flatMap(([use, names]) =>
    [names ?? []].flat().map((name) =>
      line`column ${quoted(name)}: ${USES[use] ?? use}`
    )
  );
  const left = unusedColumns.map(({ column, filled, values }) =>
    line`column ${quoted(column)}: not used${
      values
        ? ` (${values.map((value) => quoted(value)).join(", ")})`
        : filled === 0
        ? " (empty)"
        : ""
    }${
      /neg/i.test(column)
        ? "; if it holds passages that don't answer, name it with --negatives"
        : ""
    }`
  );
  return [...taken, ...limited(left)];
}

function splitLines(record: ImportRecord): string[] {
  return limited(
    record.splits.map(({ split, takenAs, rows }) =>
      line`${
        split === undefined ? "no split named" : `split ${quoted(split)}`
      }: ${counted(rows, "row")}, ${
        takenAs === "none"
          ? `left out; ${whyLeftOut(record, split!)}`
          : `taken as ${takenAs === "drawn" ? "train" : takenAs}${
            takenAs === "drawn" || takenAs === "train" ? lots(record) : ""
          }`
      }`
    ),
  );
}

function whyLeftOut({ options }: ImportRecord, split: string): string {
  return mapped(options, split)
    ? "--map-splits says so"
    : `say what it is with --map-splits ${quoted(`${split}=test`)}`;
}

/** What lots put aside of the training queries, where no row names dev or test. */
function lots({ splits, options, columns }: ImportRecord): string {
  const drawn = (["dev", "test"] as const).filter((name) =>
    columns && Number(options[name]) > 0 &&
    splits.every(({ takenAs }) => takenAs !== name)
  );
  return drawn.length === 0
    ? ""
    : `, less what is held out: ${
      drawn.map((name) => `${options[name]} of its queries for ${name}`)
        .join(", ")
    }`;
}

function mapped(options: ImportRecord["options"], split: string): boolean {
  const map = options.mapSplits;
  return Array.isArray(map) &&
    map.some((text) => String(text).startsWith(`${split}=`));
}

function rowLines({ rows, columns, unusedTasks }: ImportRecord): string[] {
  const { read, used, empty, split, label, unlabelled, dangling = 0 } = rows;
  const reasons = [
    empty && `${empty} without a query or passage`,
    split && `${split} of a split that is left out`,
    label && `${label} of a label that is left out`,
    dangling && `${dangling} judgments of passages that the corpus lacks`,
  ].filter((reason) => typeof reason === "string");
  return [
    `${counted(read, columns ? "row" : "judgment")} read, ${used} used${
      reasons.length > 0 ? `; not used: ${reasons.join(", ")}` : ""
    }`,
    ...unlabelled > 0
      ? [
        line`${counted(unlabelled, "row")} without ${
          quoted(columns?.score ?? "")
        }: taken for matches`,
      ]
      : [],
    ...unusedTasks.map((name) =>
      line`task ${quoted(name)}: left out with all its rows`
    ),
  ];
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function limited(lines: string[]): string[] {
  if (lines.length <= MOST) return lines;
  const more = lines.length - MOST;
  return [...lines.slice(0, MOST), `… and ${more} more, in import.json`];
}
