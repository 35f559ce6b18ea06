import { posix } from "node:path";
import { compareCodePoints } from "../../base/compare_code_points.ts";
import { isTaskFolder } from "../beir/open_suite.ts";
import {
  type DatasetConfig,
  readClasses,
  readDatasetCard,
} from "./dataset_card.ts";
import { withPartitions } from "./partitions.ts";
import { joinedClasses } from "./class_names.ts";
import { splitsInName } from "./split_name.ts";
import type { Table, TableFile, UnusedFile } from "./table.ts";

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

/** Files that the data sets library doesn't take for data either. */
const NO_DATA =
  /^(config|dataset_infos?|dataset_dict|state)\.json$|^README\.md$/;

/** Opens the folder of a Hugging Face data set as one table. */
export async function openDatasetFolder(
  folder: string,
  { subset, isTableFile, openTable }: Open,
): Promise<Table> {
  await checkNoTask(folder);
  const all = (await Array.fromAsync(filesBelow(folder)))
    .sort(compareCodePoints);
  const names = all.filter((name) =>
    isTableFile(name) && !NO_DATA.test(posix.basename(name))
  );
  const card = await readDatasetCard(folder, subset);
  const parts = card ? partsOfCard(names, card) : partsByName(names);
  if (parts.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot read ${folder} as a data set: it holds no .parquet, .csv, .tsv, .jsonl or .json file${
        card ? ` that its README names for ${JSON.stringify(card.name)}` : ""
      }`,
    );
  }
  const tables: { table: Table; part: Part }[] = [];
  for (const part of parts) {
    const table = await openTable(`${folder}/${part.path}`);
    tables.push({ table: withPartitions(table, part.path), part });
  }
  const files: TableFile[] = parts.map(({ path, split }) => ({
    path: `${folder}/${path}`,
    name: path,
    ...split !== undefined && { split },
  }));
  if (card) {
    files.push({ path: `${folder}/README.md`, name: "README.md", card: true });
  }
  return {
    source: folder,
    columns: [...new Set(tables.flatMap(({ table }) => table.columns))],
    nested: [...new Set(tables.flatMap(({ table }) => table.nested ?? []))],
    // A card may tell of several subsets; what a file says is of itself.
    classes: new Map([
      ...await readClasses(folder),
      ...joinedClasses(
        folder,
        tables.map(({ table }) => table.classes ?? new Map()),
      ),
    ]),
    files,
    unusedFiles: unused(all, { files, names, card }),
    notes: [
      ...card ? notThere(names, card) : [],
      ...new Set(
        tables.flatMap(({ table }) =>
          (table.notes ?? []).map((note) =>
            `${posix.basename(table.source)}: ${note}`
          )
        ),
      ),
    ],
    async *rows(columns) {
      for (const { table, part: { path: file, split } } of tables) {
        const wanted = columns?.filter((name) => table.columns.includes(name));
        for await (const row of table.rows(wanted)) {
          yield split === undefined
            ? { ...row, file }
            : { ...row, file, split };
        }
      }
    },
  };
}

/** Refuses what is in our own form already: nothing is to be guessed there. */
async function checkNoTask(folder: string): Promise<void> {
  if (await isTaskFolder(folder)) {
    throw new RangeError(
      `Cannot read ${folder} as a table: it is already a task in BEIR form; open it with openTask(), or the folder above as a suite: tdro data check`,
    );
  }
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name.startsWith(".") || !isDirectory) continue;
    if (!await isTaskFolder(`${folder}/${name}`)) continue;
    throw new RangeError(
      `Cannot read ${folder} as a table: it is a suite already (${name} is a task in BEIR form); use it as it is: tdro data check ${folder}`,
    );
  }
}

/** The files that a README names. */
function partsOfCard(
  names: string[],
  { folder, files }: DatasetConfig,
): Part[] {
  if (files === undefined) {
    return partsByName(names.filter((name) => name.startsWith(folder)), folder);
  }
  const parts = files.flatMap(({ split, patterns }) =>
    named(names, patterns).map((path) => ({
      path,
      // The library takes what has no split for training data, whatever its name.
      split: split ?? oneName(["train", ...splitsOfPath(path)]),
    }))
  );
  // Several patterns may be of one file; the library reads it as often.
  const keyOf = ({ path, split }: Part) => JSON.stringify([path, split]);
  return [...new Map(parts.map((part) => [keyOf(part), part])).values()];
}

function named(names: string[], patterns: readonly string[]): string[] {
  return names.filter((name) =>
    patterns.some((pattern) => matches(name, pattern))
  );
}

/** What a README names, and no file is called. */
function notThere(names: string[], { files = [] }: DatasetConfig): string[] {
  return files.flatMap(({ split, patterns }) =>
    patterns.filter((pattern) => named(names, [pattern]).length === 0)
      .map((pattern) =>
        `README.md names ${JSON.stringify(pattern)}${
          split === undefined ? "" : ` of split ${JSON.stringify(split)}`
        }, and no file is called so`
      )
  );
}

/**
 * Without a README names tell the split, as for the data sets library: those of
 * shards (`data/NAME-00000-of-00001.parquet`) in full, else words in folders' names,
 * else words in files' names. Files that say none are left out where others do. A
 * file of two splits, or one that its folder calls otherwise than its name does, is
 * of a split that nobody understands; the library takes it for both, or goes by the
 * folder.
 */
function partsByName(all: string[], folder = ""): Part[] {
  const names = all.filter((path) => special(path) === special(folder));
  for (const rule of [splitOfShard, splitOfFolders, splitOfFile]) {
    const parts = names.map((path) => ({
      path,
      split: rule(path.slice(folder.length)),
    })).filter(({ split }) => split !== undefined);
    if (parts.length > 0) return parts;
  }
  return names.map((path) => ({ path, split: undefined }));
}

function splitOfShard(path: string): string | undefined {
  return /^data\/([^/]+)-\d{5}-of-\d{5}[^/]*\.[^/]*$/.exec(path)?.[1];
}

function splitOfFile(path: string): string | undefined {
  return oneName(splitsInName(posix.basename(path)));
}

function splitOfFolders(path: string): string | undefined {
  const folders = path.split("/").slice(0, -1).flatMap(splitsInName);
  return folders.length === 0 ? undefined : oneName(splitsOfPath(path));
}

/** The splits that folders speak of, and after them those of the file's name. */
function splitsOfPath(path: string): string[] {
  return path.split("/").flatMap(splitsInName);
}

/** Names of several splits (`train_test.csv`) make one that nobody understands. */
function oneName(splits: readonly string[]): string | undefined {
  return splits.length === 0 ? undefined : [...new Set(splits)].join("+");
}

/** The files that aren't read, with the reason. */
function unused(
  all: readonly string[],
  { files, names, card }: {
    files: readonly TableFile[];
    names: readonly string[];
    card: DatasetConfig | undefined;
  },
): UnusedFile[] {
  const used = new Set(files.map(({ name }) => name));
  return all.filter((name) => !used.has(name) && name !== "README.md")
    .map((name) => ({
      name,
      why: !names.includes(name)
        ? "is no table"
        : special(name) > 0
        ? "lies in a folder whose name begins with __"
        : card
        ? `is not named by the README for ${JSON.stringify(card.name)}`
        : "says no split by its name or folder, unlike others",
    }));
}

function matches(name: string, pattern: string): boolean {
  const glob = pattern.replace(/^\.\//, "");
  return special(name) === special(glob) &&
    (name === glob || posix.matchesGlob(name, glob));
}

/** Folders that hold no data unless somebody names them: caches and the like. */
function special(path: string): number {
  return path.split("/").slice(0, -1).filter((part) => part.startsWith("__"))
    .length;
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
