import { join } from "node:path";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { hashFile } from "../../base/files/hash_file.ts";
import { writeJson } from "../../base/files/json_file.ts";
import {
  type Passage,
  type Suite,
  type TrainExample,
  writeTdroJsonl,
} from "../../data/mod.ts";
import { mineSuite, type MineSuiteOptions } from "../mine_suite.ts";
import { openMinedFolder } from "../mined_folder.ts";
import { taskHash } from "../run_folder.ts";

/** Where an arm's negatives come from. */
export interface NegativesArm {
  /** Its name; `a+b` is half of arm `a` and half of arm `b`. */
  name: string;
  /** Folder with its training files; absent: they are mined, or put together. */
  folder?: string | undefined;
}

/** Arms that are mined where no folder is named. */
export const MINED_ARMS = ["bm25", "dense", "fused", "judged"] as const;

/** What the arms' rows depend on. */
export interface ArmRowsOptions {
  /** Folder that they are written to. */
  out: string;
  /** Hard negatives of a query, at most. */
  count: number;
  /** Settings of mining. */
  mining: MineSuiteOptions;
  /** File of decisions, for the arm `judged`. */
  decisions?: string | undefined;
}

/** An arm whose training files are there. */
export interface ReadyArm {
  /** Its name. */
  name: string;
  /** Folder that `--mined` takes. */
  folder: string;
  /** Negatives in all. */
  negatives: number;
  /** Of these, those that a language model wrote. */
  written: number;
}

/** Rows of each task, by arm. */
type ArmRows = Map<string, TrainExample[][]>;

/**
 * Writes the training files of each arm: rows of the queries for which every arm has
 * a negative, so that arms differ in nothing else.
 *
 * @param suite The tasks.
 * @param arms The arms.
 * @param options Where to, and how to mine.
 * @returns Progress; at the end the arms, and how many queries they share.
 */
export async function* armFolders(
  suite: Suite,
  arms: readonly NegativesArm[],
  options: ArmRowsOptions,
): AsyncGenerator<ProgressEvent, { arms: ReadyArm[]; queries: number }> {
  const single = [
    ...new Set(
      arms.flatMap(({ name, folder }) =>
        folder === undefined ? name.split("+") : [name]
      ),
    ),
  ];
  const all: ArmRows = new Map();
  for (const name of single) {
    const folder = arms.find((arm) => arm.name === name)?.folder ??
      (yield* minedFolder(suite, name, options));
    all.set(name, await (await openMinedFolder(folder, suite)).rows());
  }
  for (const { name } of arms) {
    if (!all.has(name)) all.set(name, mixed(name, all, options.count));
  }
  const wanted = arms.map(({ name }) => all.get(name)!);
  const shared = suite.tasks.map((_, k) => sharedQueries(wanted, k));
  const none = shared.findIndex((queries) => queries.size === 0);
  if (none >= 0) {
    throw new RangeError(
      `Cannot compare negatives: the arms must have a query in common in every task: got none in ${
        JSON.stringify(suite.tasks[none]!.name)
      }; leave the task or an arm out`,
    );
  }
  const ready: ReadyArm[] = [];
  for (const { name } of arms) {
    const rows = all.get(name)!.map((own, k) =>
      own.filter(({ query }) => shared[k]!.has(query.id)).map((row) => ({
        ...row,
        negatives: row.negatives.slice(0, options.count),
      }))
    );
    ready.push(await writeArm(name, rows, { suite, ...options }));
  }
  const queries = shared.reduce((sum, { size }) => sum + size, 0);
  return { arms: ready, queries };
}

async function* minedFolder(
  suite: Suite,
  name: string,
  { out, count, mining, decisions }: ArmRowsOptions,
): AsyncGenerator<ProgressEvent, string> {
  const { model } = mining;
  const folder = join(out, "mined", name);
  const how: Partial<MineSuiteOptions> | undefined = name === "judged"
    ? decisions === undefined
      ? undefined
      : { by: model === undefined ? "bm25" : "fused", decisions }
    : name === "bm25" || name === "dense" || name === "fused"
    ? { by: name }
    : undefined;
  if (!how) {
    throw new RangeError(
      name === "judged"
        ? "Cannot compare negatives: the arm judged needs --decisions, the file that tdro llm judge wrote"
        : `Cannot compare negatives: the arm ${name} needs a folder of training files, --arm ${name}=FOLDER; without one there are ${
          MINED_ARMS.join(", ")
        }`,
    );
  }
  // By BM25 alone no model filters, so that each arm is what its name says.
  const { model: _, queryLength: __, passageLength: ___, ...plain } = mining;
  const settings = how.by === "bm25" ? plain : mining;
  yield* mineSuite(suite, { ...settings, ...how, count, out: folder });
  return folder;
}

/** Half of one arm and half of another for each query, in turn. */
function mixed(name: string, all: ArmRows, count: number): TrainExample[][] {
  const parts = name.split("+").map((part) => all.get(part)!);
  return parts[0]!.map((own, k) => {
    const others = parts.slice(1).map((rows) =>
      new Map(rows[k]!.map((row) => [row.query.id, row]))
    );
    return own.map((row) => {
      const lists = [
        row.negatives,
        ...others.map((rows) => rows.get(row.query.id)?.negatives ?? []),
      ];
      return { ...row, negatives: inTurn(lists, count) };
    });
  });
}

/** One of each list after the other, none twice; a list that ends leaves room. */
function inTurn(lists: readonly Passage[][], count: number): Passage[] {
  const taken = new Map<string, Passage>();
  const longest = Math.max(...lists.map((list) => list.length));
  for (let i = 0; i < longest; i++) {
    for (const list of lists) {
      if (taken.size < count && list[i]) taken.set(list[i]!.id, list[i]!);
    }
  }
  return [...taken.values()];
}

function sharedQueries(
  arms: readonly TrainExample[][][],
  task: number,
): Set<string> {
  const sets = arms.map((rows) =>
    new Set(
      rows[task]!.filter(({ negatives }) => negatives.length > 0)
        .map(({ query }) => query.id),
    )
  );
  return sets.reduce((a, b) => a.intersection(b));
}

async function writeArm(
  name: string,
  rows: readonly TrainExample[][],
  { suite, out, count }: { suite: Suite; out: string; count: number },
): Promise<ReadyArm> {
  const folder = join(out, "negatives", name);
  let [negatives, written] = [0, 0];
  for (const [k, task] of suite.tasks.entries()) {
    const file = join(folder, `${task.name}.jsonl`);
    await writeTdroJsonl(file, rows[k]!);
    const { sha256 } = await hashFile(file);
    const own = rows[k]!.flatMap((row) => row.negatives);
    negatives += own.length;
    written += own.filter(({ id }) => !task.corpus.has(id)).length;
    await writeJson(join(folder, `${task.name}.mined.json`), {
      settings: {
        by: name,
        written: true,
        count,
        split: "train",
        data: await taskHash(task),
      },
      statistics: { queries: rows[k]!.length, retrieved: own.length },
      sha256,
    });
  }
  return { name, folder, negatives, written };
}
