import {
  type ImportRecord,
  openImport,
  type OpenImportOptions,
  type Suite,
  type Task,
} from "../../../lib/data/mod.ts";
import { inTempFolder, writeFiles } from "../_folders.ts";

/** No split is drawn. */
export const WHOLE = { dev: 0, test: 0 };

/** A suite that was read, and what was taken for what. */
export interface Imported {
  suite: Suite;
  task: Task;
  record: ImportRecord;
}

/** Imports a file or folder, without splits by lots. */
export async function importPath(
  path: string,
  options: OpenImportOptions = {},
): Promise<Imported> {
  const { suite, record } =
    await (await openImport(path, { ...WHOLE, ...options })).read();
  return { suite, record, task: suite.tasks[0]! };
}

/** Imports files that are written for it: a folder of them, or the only one. */
export async function importFiles(
  files: Record<string, string | Uint8Array>,
  options: OpenImportOptions = {},
): Promise<Imported> {
  let imported: Imported | undefined;
  await inTempFolder(async (folder) => {
    await writeFiles(folder, files);
    const [only, ...more] = Object.keys(files);
    const path = more.length > 0 || only!.includes("/")
      ? folder
      : `${folder}/${only}`;
    imported = await importPath(path, options);
  });
  return imported!;
}

/** Judgments of a split by text, e.g. `When? → At nine.: 1`. */
export function pairs(
  { queries, corpus, qrels }: Task,
  split: "train" | "dev" | "test" = "train",
): string[] {
  return [...qrels[split] ?? []].flatMap(([query, grades]) =>
    [...grades].map(([passage, grade]) =>
      `${queries.get(query)!.text} → ${corpus.get(passage)!.text}: ${grade}`
    )
  );
}

/** Queries in each split of a task. */
export function sizes({ qrels }: Task): Record<string, number> {
  return Object.fromEntries(
    Object.entries(qrels).map(([split, { size }]) => [split, size]),
  );
}
