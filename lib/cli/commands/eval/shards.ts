import { join } from "node:path";
import type { Run, Suite, Task } from "../../../data/mod.ts";
import type { EvalReport, TaskReport } from "../../../eval/mod.ts";
import { runWriter } from "../run_writer.ts";
import type { CommandIo } from "../../io.ts";

/** The record in a shard's folder; written last, so that it stands for the whole. */
export const SHARD_RECORD = "shard.json";

/** Writes the runs of a shard into its folder. */
export async function shardRunWriter(
  folder: string,
): Promise<(task: Task, run: Run) => Promise<void>> {
  const { writeTrecRun } = await import("../../../data/mod.ts");
  return async ({ name }, run) =>
    await writeTrecRun(runFile(folder, name), run);
}

function runFile(folder: string, task: string): string {
  return join(folder, `${task}.trec`);
}

/** Puts the shards in folders together. */
export async function mergeEvaluations(
  { suite: path, merge, run, force }: {
    suite: string;
    merge: string[];
    run?: string;
    force: boolean;
  },
  io: CommandIo,
): Promise<EvalReport> {
  const { openSuite, readTrecRun } = await import("../../../data/mod.ts");
  const { collectReport, evaluateShards, readReport } = await import(
    "../../../eval/mod.ts"
  );
  const shards = await Promise.all(merge.map(async (folder) => ({
    report: await readReport(join(folder, SHARD_RECORD)),
    run: (task: string) => readTrecRun(runFile(folder, task)),
  })));
  const tasks = shards[0]!.report.tasks.map(({ task }) => task);
  const suite: Suite = await openSuite(path, { tasks });
  const reports: AsyncGenerator<TaskReport, EvalReport> = evaluateShards(
    shards,
    suite,
    {
      signal: io.signal,
      onRun: run
        ? await runWriter({ path: run, tasks: tasks.length, force })
        : undefined,
    },
  );
  return await collectReport(reports);
}
