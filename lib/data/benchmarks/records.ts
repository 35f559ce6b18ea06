import { openTable } from "../tables/open_table.ts";
import type { Passage, Query } from "../types.ts";

/** Names under which published files have an id. */
const IDS = ["_id", "docid", "query_id", "query-id", "id"];

/** Reads passages from files of JSON lines (also gzipped) or parquet. */
export async function* readPassages(
  paths: readonly string[],
): AsyncGenerator<Passage> {
  for (const path of paths) {
    for await (const { where, cells } of (await openTable(path)).rows()) {
      const id = idOf(cells, where);
      const title = textOf(cells, ["title"]);
      const text = textOf(cells, ["text"]);
      if (text === undefined) throw missing(where, "text");
      yield title ? { id, title, text } : { id, text };
    }
  }
}

/** Reads queries from files of JSON lines (also gzipped) or parquet. */
export async function* readQueries(
  paths: readonly string[],
): AsyncGenerator<Query> {
  for (const path of paths) {
    for await (const { where, cells } of (await openTable(path)).rows()) {
      const text = textOf(cells, ["text", "query", "question"]);
      if (text === undefined) throw missing(where, "text");
      yield { id: idOf(cells, where), text };
    }
  }
}

/** An id, which some tables hold as a number. */
export function idOf(
  cells: Record<string, unknown>,
  where: string,
  names: readonly string[] = IDS,
): string {
  const name = names.find((name) => cells[name] !== undefined);
  const value = name === undefined ? undefined : cells[name];
  if (typeof value === "bigint" || typeof value === "number") return `${value}`;
  if (typeof value === "string" && value !== "") return value;
  throw missing(where, names[0]!);
}

function textOf(
  cells: Record<string, unknown>,
  names: readonly string[],
): string | undefined {
  const value = names.map((name) => cells[name])
    .find((cell) => cell !== undefined);
  // Some corpora have passages that are a title alone.
  if (value === null) return "";
  return typeof value === "number" || typeof value === "bigint"
    ? `${value}`
    : typeof value === "string"
    ? value
    : undefined;
}

function missing(where: string, name: string): SyntaxError {
  return new SyntaxError(
    `${where}: Cannot use the row: ${name} is missing (a string)`,
  );
}
