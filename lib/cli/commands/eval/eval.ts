import { join } from "node:path";
import type { Suite } from "../../../data/mod.ts";
import { exists } from "../../../base/files/exists.ts";
import type { EarlierReport, EvalReport } from "../../../eval/mod.ts";
import { openEncoder } from "../encoder_functions.ts";
import {
  type EvalCommandOptions,
  evalOptions,
  type EvalPlan,
  evalPlan,
} from "./options.ts";
import { mergeEvaluations, SHARD_RECORD } from "./shards.ts";
import { evaluateBenchmark } from "./benchmark.ts";
import { writeMteb } from "./mteb.ts";
import { sizesTable, specPath, writeSizesPlot } from "./sizes.ts";
import { evaluateSuite } from "./suite.ts";
import { evaluationOrigin, prompted } from "./origin.ts";
import { evaluationProgress } from "./progress.ts";
import { checkFolder } from "../../../base/files/check_folder.ts";
import { withLocalModels } from "../local_model.ts";
import { checkNew, checkWritable } from "../output.ts";
import type { Command } from "../../command.ts";
import type { CommandIo } from "../../io.ts";
import { line } from "../../../base/printable.ts";
import { tablesFor } from "../tables.ts";

export type { EvalCommandOptions } from "./options.ts";

/** `tdro eval`. */
export const command: Command<EvalCommandOptions> = {
  name: "eval",
  summary: "Evaluate a model, BM25, or both on the tasks of a suite",
  details:
    "Searches each task's whole corpus and computes metrics as trec_eval does. --out writes a record: metrics of every query, and what they depend on (hashes of model and data, prompts, k, lengths, versions); tdro eval diff compares two such records.",
  examples: [
    {
      about: "A model on the test splits",
      line:
        "tdro eval --suite suites/docs --model models/all-MiniLM-L6-v2 --prompts none --out minilm.json",
    },
    {
      about: "BM25 beside it; tdro eval diff then says why they differ",
      line: "tdro eval --suite suites/docs --bm25 --out bm25.json",
    },
    {
      about: "Two sets of a benchmark, by its own rules and prompts",
      line:
        "tdro eval --benchmark beir --suite data/beir --tasks scifact,nfcorpus --model models/e5-mistral --out beir.json",
    },
    {
      about: "What short and coarse vectors cost: nDCG@10 against bytes",
      line:
        "tdro eval --suite suites/docs --model models/minilm-m --dims 384,128 --precisions float32,int8,binary --plot sizes.svg",
    },
    {
      about: "The ranking itself, for other tools",
      line:
        "tdro eval --suite suites/docs --tasks es-lib --bm25 --run es-lib.trec",
    },
    {
      about: "On a pool, which costs a fraction (tdro eval pool makes it)",
      line:
        "tdro eval --suite my/suite --model runs/mine/models/reweighted --pool my/pool.json",
    },
    {
      about: "One of four machines' share; then all four put together",
      line:
        "tdro eval --suite suites/docs --model models/e5-mistral --shard 1/4 --out shards/1",
    },
    {
      about: "The record of the whole",
      line:
        "tdro eval --suite suites/docs --merge shards/1,shards/2,shards/3,shards/4 --out eval.json",
    },
  ],
  severalProcesses: true,
  options: evalOptions,
  async run(options, io) {
    const plan = await checkedPlan(options, io);
    const { merge, shard } = plan;
    const { writeWhole } = await import("../../../data/mod.ts");
    const out = options.out && shard
      ? join(options.out, SHARD_RECORD)
      : options.out;
    const earlier = await earlierReportIn(out, plan);
    const report = merge
      ? await mergeEvaluations({ ...plan, merge }, io)
      : await measure({ ...plan, earlier }, options.metrics !== undefined, io);
    if (earlier) io.note(`${out}: already evaluated with the same settings`);
    else if (out) await writeWhole(out, `${JSON.stringify(report, null, 1)}\n`);
    if (plan.plot) await writeSizesPlot(plan.plot, report);
    await printReport(report, out, io);
  },
};

/**
 * What is asked for, with its model here; metrics, model and places to write are
 * looked at before anything is read.
 */
async function checkedPlan(
  options: EvalCommandOptions,
  io: CommandIo,
): Promise<EvalPlan> {
  const plan = evalPlan(options);
  const { benchmark, metrics, k, merge, mteb, cache } = plan;
  const { checkRescoring } = await import("../../../search/mod.ts");
  if (!plan.dims && !plan.precisions) {
    checkRescoring({ ...plan, precision: plan.precision ?? "float32" });
  }
  const { checkMetrics } = await import("../../../eval/mod.ts");
  if (!merge && benchmark !== "mkqa") checkMetrics(metrics, k);
  for (const folder of [mteb, cache]) if (folder) await checkFolder(folder);
  return { ...plan, ...await withLocalModels(plan, { io }) };
}

/**
 * The report that is in the file already, unless it is to be replaced.
 *
 * @throws {RangeError} If what is there can't be compared with what is asked for,
 * or if nothing can be written there.
 */
async function earlierReportIn(
  file: string | undefined,
  { benchmark, merge, force, run, plot }: EvalPlan,
): Promise<EarlierReport | undefined> {
  if (run && !force) await checkWritable(run);
  if (plot) {
    for (const path of [plot, specPath(plot)]) await checkNew(path, force);
  }
  if (file === undefined) return;
  if (benchmark || merge) await checkNew(file, force);
  else await checkWritable(file);
  if (benchmark || merge || force || !await exists(file)) return;
  const { readReport } = await import("../../../eval/mod.ts");
  return { file, report: await readReport(file) };
}

/** Evaluates what the options ask for. */
async function measure(
  options: EvalPlan & { earlier?: EarlierReport | undefined },
  metricsGiven: boolean,
  io: CommandIo,
): Promise<EvalReport> {
  const { suite: folder, tasks, model } = options;
  const { openSuite } = await import("../../../data/mod.ts");
  const { PASSAGES_AT_ONCE: chunk, parseShard, shardRange } = await import(
    "../../../search/mod.ts"
  );
  const shard = parseShard(options.shard ?? "1/1");
  const whole = options.benchmark
    ? undefined
    : await openSuite(folder, { tasks });
  const { suite, pool, split } = await cutToPool(whole, options, io);
  using opened = model === undefined
    ? undefined
    : await openEncoder(model, { ...options, io });
  const origin = await evaluationOrigin(options);
  const encoder = opened && origin.prompts
    ? { ...opened, encode: prompted(opened.encode, origin.prompts) }
    : opened;
  const report = await io.progress(
    evaluationProgress(
      (suite?.tasks ?? []).map(({ corpus, qrels }) => {
        const [from, to] = shardRange(corpus.size, shard, { chunk });
        return to - from + (qrels[split]?.size ?? 0);
      }),
      (onProgress) =>
        suite
          ? evaluateSuite(suite, { ...options, split, pool }, {
            encoder,
            origin,
            onProgress,
            io,
          })
          : evaluateBenchmark(options, {
            encoder: encoder!,
            origin,
            onProgress,
            metricsGiven,
            io,
          }),
    ),
  );
  const { mteb, force } = options;
  if (mteb) await writeMteb(report, { folder: mteb, suite, force });
  return report;
}

/** The suite, or what a pool leaves of it, then with its hash and split. */
async function cutToPool(
  whole: Suite | undefined,
  { pool: path, split }: EvalPlan,
  io: CommandIo,
): Promise<
  { suite: Suite | undefined; pool?: string; split: EvalPlan["split"] }
> {
  if (whole === undefined || path === undefined) return { suite: whole, split };
  const { pooledSuite, readPool } = await import("../../../eval/mod.ts");
  const { pool, sha256 } = await readPool(path);
  io.note(
    `on a pool of ${
      pool.systems.join(", ")
    }: scores are higher than on whole corpora, and comparable only with the same pool`,
  );
  return { suite: pooledSuite(whole, pool), pool: sha256, split: pool.split };
}

async function printReport(
  report: EvalReport,
  out: string | undefined,
  io: CommandIo,
): Promise<void> {
  const textTable = await tablesFor(io);
  const sizes = report.sizes ? await sizesTable(report, io) : "";
  const rows = report.tasks.map(({ task, queryIds, passages, mean }) => ({
    task,
    queries: queryIds.length,
    passages,
    ...mean,
  }));
  const { missing = [] } = report as { missing?: string[] };
  const mean = {
    task: missing.length > 0 ? "mean of these" : "mean",
    queries: rows.reduce((sum, { queries }) => sum + queries, 0),
    passages: rows.reduce((sum, { passages }) => sum + passages, 0),
    ...report.mean,
  };
  io.result(report, () => {
    const table = textTable([...rows, mean], {
      columnDigits: Object.fromEntries(
        Object.keys(report.mean).map((metric) => [metric, 4]),
      ),
      footRows: 1,
    });
    const { shard } = report.settings;
    return [
      table,
      missing.length > 0
        ? line`Not there, and not in the mean: ${missing.join(", ")}`
        : "",
      sizes,
      out ? line`The record is in ${out}` : "",
      shard ? `Of shard ${shard} alone: --merge all of them` : "",
    ].filter((part) => part !== "").join("\n\n");
  });
}
