import { posix } from "node:path";
import { compareCodePoints } from "../../base/compare_code_points.ts";
import { type DataFiles, readDatasetCard } from "./dataset_card.ts";
import { splitOfName } from "./split_name.ts";
import type { Table } from "./table.ts";

/** What {@linkcode openDatasetFolder} needs of its caller. */
interface Open {
  subset: string | undefined;
  isTableFile(name: string): boolean;
  openTable(path: string): Promise<Table>;
}

/** A file of the data set. */
interface Part {
  path: string;
  split: string | undefined;
}

/** Opens the folder of a Hugging Face data set as one table. */
export async function openDatasetFolder(
  folder: string,
  { subset, isTableFile, openTable }: Open,
): Promise<Table> {
  const names = (await Array.fromAsync(filesBelow(folder)))
    .filter(isTableFile).sort(compareCodePoints);
  if (["corpus.jsonl", "corpus.jsonl.gz"].some((n) => names.includes(n))) {
    throw new RangeError(
      `Cannot read ${folder} as a table: it is a task in BEIR form; open it with openTask()`,
    );
  }
  const card = await readDatasetCard(folder, subset);
  const parts = card ? partsOfCard(names, card.files) : partsByName(names);
  if (parts.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot read ${folder} as a data set: it holds no .parquet, .csv, .tsv, .jsonl or .json file${
        card ? ` that its README names for ${JSON.stringify(card.name)}` : ""
      }`,
    );
  }
  const tables: { table: Table; split: string | undefined }[] = [];
  for (const { path, split } of parts) {
    tables.push({ table: await openTable(`${folder}/${path}`), split });
  }
  return {
    source: folder,
    columns: [...new Set(tables.flatMap(({ table }) => table.columns))],
    notes: tables.flatMap(({ table }) =>
      (table.notes ?? []).map((note) =>
        `${posix.basename(table.source)}: ${note}`
      )
    ),
    async *rows(columns) {
      for (const { table, split } of tables) {
        const wanted = columns?.filter((name) => table.columns.includes(name));
        for await (const row of table.rows(wanted)) {
          yield split === undefined ? row : { ...row, split };
        }
      }
    },
  };
}

/** The files that a README names. */
function partsOfCard(names: string[], files: DataFiles[]): Part[] {
  return files.flatMap(({ split, patterns }) =>
    names.filter((name) => patterns.some((p) => matches(name, p)))
      .map((path) => ({ path, split: split ?? splitOfName(path) }))
  );
}

/** Without a README the names of files and folders tell the split. */
function partsByName(names: string[]): Part[] {
  const parts = names.map((path) => ({ path, split: splitOfName(path) }));
  const known = parts.filter(({ split }) => split !== undefined);
  // A stray file beside named splits would be counted twice, or be no data.
  return known.length > 0 ? known : parts;
}

function matches(name: string, pattern: string): boolean {
  const glob = pattern.replace(/^\.\//, "");
  return name === glob || posix.matchesGlob(name, glob);
}

async function* filesBelow(folder: string, below = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(`${folder}/${below}`)) {
    if (entry.name.startsWith(".")) continue;
    const path = `${below}${entry.name}`;
    // The hub's cache links each file to where it really lies.
    const isFolder = entry.isSymlink
      ? (await Deno.stat(`${folder}/${path}`)).isDirectory
      : entry.isDirectory;
    if (isFolder) yield* filesBelow(folder, `${path}/`);
    else yield path;
  }
}
