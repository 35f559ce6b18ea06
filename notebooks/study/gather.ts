/**
 * Takes the finished arms of a plan into `arms/`, for the analysis.
 *
 * ```sh
 * deno run --allow-read --allow-write=notebooks/study --allow-env notebooks/study/gather.ts PLAN
 * ```
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  chanceBands,
  replayWeights,
  strategy,
  type WeightPreset,
} from "@tdro/tdro/dro";
import { readReport } from "@tdro/tdro/eval";
import { readJobPlan } from "@tdro/tdro/experiment";
import { createRng } from "@tdro/tdro/sampling";
import { ARMS, type StudyArm } from "./study.ts";

const METRIC = "nDCG@10";

/** A line of `metrics.jsonl`, of stage 1. */
interface WeightLine {
  stage: string;
  examples?: { losses: number[]; references: number[]; domains: number[] };
}

/** One finished arm. */
async function armOf(folder: string, name: string): Promise<StudyArm> {
  const file = join(folder, "arms", name, "result.json");
  const arm = JSON.parse(await Deno.readTextFile(file));
  const report = await readReport(`${file}#report`);
  const { seed, formula, weights, dataUsed, rowsSeen, seconds } = arm;
  const bands = await bandsOf(folder, { name, seed, weights });
  return {
    format: "tdro-study-arm/1",
    seed,
    strategy: name,
    formula,
    weights,
    ...bands && { bands },
    dataUsed,
    rowsSeen,
    seconds,
    tasks: report.tasks.map(({ task, perQuery }) => ({
      task,
      ndcg: perQuery[METRIC]!.map((v) => Math.round(v * 1e4) / 1e4),
    })),
  };
}

/** What chance alone gives each task, where stage 1 was logged. */
async function bandsOf(
  folder: string,
  { name, seed, weights }: { name: string; seed: number; weights: number[] },
): Promise<[number, number][] | undefined> {
  const text = await Deno.readTextFile(join(folder, "metrics.jsonl"));
  const lines = text.split("\n").filter(Boolean)
    .map((line) => JSON.parse(line) as WeightLine)
    .filter(({ stage, examples }) => stage === `${name}-weights` && examples)
    .map(({ examples }) => ({
      losses: examples!.losses,
      referenceLosses: examples!.references,
      domains: examples!.domains,
    }));
  if (lines.length === 0) return;
  const { options } = strategy(name) as WeightPreset;
  const update = { ...options, eta: Math.min(0.25, 20 / lines.length) };
  // The update that made the weights, or the bands are of something else.
  const again = replayWeights(lines, update).state.curr;
  for (const [k, weight] of weights.entries()) {
    assert.ok(Math.abs(again[k]! - weight) < 1e-5, `${name}, task ${k}`);
  }
  return chanceBands(lines, { ...update, rng: createRng(seed, "study/bands") });
}

/**
 * Writes the finished arms of a plan.
 *
 * @param plan The plan's folder.
 * @param target Where they go.
 * @returns The names of the files.
 */
export async function gather(plan: string, target = ARMS): Promise<string[]> {
  const { lines } = await readJobPlan(plan);
  const written: string[] = [];
  await Deno.mkdir(target, { recursive: true });
  for (const { index, strategy: name, seed } of lines) {
    const done = join(plan, "done", `${index}`);
    if (!name || !await exists(done)) continue;
    const file = `seed-${seed}_${name}.json`;
    const arm = await armOf(done, name);
    await Deno.writeTextFile(new URL(file, target), `${JSON.stringify(arm)}\n`);
    written.push(file);
  }
  return written;
}

async function exists(folder: string): Promise<boolean> {
  return await Deno.stat(folder).then(() => true, () => false);
}

if (import.meta.main) {
  const [plan] = Deno.args;
  if (!plan) throw new Error("PLAN");
  for (const file of await gather(plan)) console.log(file);
}
