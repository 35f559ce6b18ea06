import assert from "node:assert/strict";
import type { EvalReport } from "../../../lib/eval/mod.ts";
import { layersOf } from "../../../lib/experiment/distil/student.ts";
import { towerScores } from "../../../lib/experiment/distil/tower_rows.ts";

/** A report with these values of nDCG@10, by task. */
function report(...tasks: number[][]): EvalReport {
  const mean = (values: number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    tasks: tasks.map((values) => ({ perQuery: { "nDCG@10": values } })),
    mean: { "nDCG@10": mean(tasks.map(mean)) },
  } as unknown as EvalReport;
}

Deno.test("towerScores(): half of each query's score is half in every sample", () => {
  const teacher = report([1, 0.5, 0.25], [0.75]);
  const half = report([0.5, 0.25, 0.125], [0.375]);
  const { ndcg, kept, keptInterval, interval } = towerScores(half, teacher, 1);
  assert.equal(kept, 0.5);
  assert.deepEqual(keptInterval, [0.5, 0.5]);
  assert.ok(interval![0] < ndcg! && ndcg! < interval![1]);
});

Deno.test("towerScores(): queries are paired, so luck that both have is no spread", () => {
  const teacher = report([1, 1, 0, 0, 0.9, 0.8], [1, 0.2, 0.1]);
  const { keptInterval } = towerScores(teacher, teacher, 1);
  assert.deepEqual(keptInterval, [1, 1]);
});

Deno.test("towerScores(): of nothing there is no share", () => {
  const { kept, keptInterval } = towerScores(report([1]), report([0]), 1);
  assert.deepEqual([kept, keptInterval], [undefined, undefined]);
  // Of four queries in five samples none is the one that was answered.
  const rare = report([1, 0, 0, 0]);
  assert.equal(towerScores(rare, rare, 1).kept, undefined);
});

Deno.test("layersOf(): bottom and top, or as they are named", () => {
  assert.deepEqual(layersOf("layers:1", 6), [0]);
  assert.deepEqual(layersOf("layers:2", 6), [0, 5]);
  assert.deepEqual(layersOf("layers:3", 6), [0, 1, 5]);
  assert.deepEqual(layersOf("layers:6", 6), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(layersOf("layers:0,3,5", 6), [0, 3, 5]);
  assert.equal(layersOf("models/e5", 6), undefined);
  for (
    const bad of ["layers:", "layers:0", "layers:7", "layers:1,1", "layers:a"]
  ) {
    assert.throws(() => layersOf(bad, 6), /N from 1 to 6/, bad);
  }
});
