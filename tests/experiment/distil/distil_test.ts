/** Distillation of a query tower, end to end on the toy suite. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  distil,
  type DistilOptions,
  type DistilResult,
  listRuns,
  openRetriever,
  planDistil,
} from "../../../lib/experiment/mod.ts";
import { disposeEncoder, saveEncoder } from "../../../lib/model/mod.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { ended, stopAt } from "../../_long_work.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";

/** Settings under which a tower learns something in a second. */
const SETTINGS = {
  student: "layers:1",
  steps: 30,
  batchSize: 8,
  learningRate: 1e-2,
  checkpointEvery: 10,
  queryLength: 24,
  passageLength: 24,
  seed: 3,
} satisfies Partial<DistilOptions>;

/** A teacher that tells texts apart. */
async function writeTeacher(folder: string): Promise<string> {
  await useBackend("wasm");
  const encoder = smallEncoder("mean", 0.5);
  const teacher = join(folder, "teacher");
  await saveEncoder(encoder, teacher);
  disposeEncoder(encoder);
  return teacher;
}

/** The loss of each update. */
async function losses(run: string, stage: string): Promise<number[]> {
  const text = await Deno.readTextFile(join(run, "metrics.jsonl"));
  return text.trim().split("\n").map((line) => JSON.parse(line))
    .filter((line) => line.stage === stage).map(({ loss }) => loss);
}

Deno.test("distil() learns the teacher's queries, and its towers are one model", () =>
  inTempFolder(async (folder) => {
    const teacher = await writeTeacher(folder);
    const backend = await useBackend("wasm");
    const out = join(folder, "run");
    const options = {
      ...SETTINGS,
      teacher,
      backend,
      out,
      refine: 6,
      evalEvery: 15,
    };
    const result = await ended(distil(toySuite(), options));
    const course = await losses(out, "distilled");
    assert.equal(course.length, 30);
    assert.ok(course.at(-1)! < course[0]! / 2, course.join());
    assert.equal((await losses(out, "refined")).length, 6);
    assert.deepEqual(
      result.towers.map(({ tower, layers }) => [tower, layers]),
      [["teacher", 2], ["distilled", 1], ["refined", 1]],
    );
    const [whole, , refined] = result.towers;
    assert.ok(refined!.parameters < whole!.parameters);
    assert.equal(whole!.ndcg, result.reports!.start!.mean["nDCG@10"]);
    assert.equal(refined!.ndcg, result.reports!.refined!.mean["nDCG@10"]);
    assert.ok(refined!.speed[0]!.p50 <= refined!.speed[0]!.p95);
    assert.deepEqual(Object.keys(result.reports!), [
      "start",
      "distilled",
      "refined",
    ]);
    // The run opens as other runs do, and its passages are the teacher's.
    const [task] = toySuite().tasks;
    using both = await openRetriever(out, { backend: "wasm" });
    using alone = await openRetriever(out, { arm: "start", backend: "wasm" });
    assert.equal(both.label, "refined");
    const text = "which shade has the red bird";
    const vector = async (
      model: typeof both,
      kind: "query" | "passage",
    ) => [...(await model.encode([text], { kind, task })).data];
    assert.deepEqual(
      await vector(both, "passage"),
      await vector(alone, "passage"),
    );
    assert.notDeepEqual(
      await vector(both, "query"),
      await vector(alone, "query"),
    );
    const [listed] = await listRuns(folder);
    assert.deepEqual([listed!.kind, listed!.status], ["distil", "finished"]);
    // Again, it gives its result.
    assert.deepEqual(await ended(distil(toySuite(), options)), result);
    const card = await Deno.readTextFile(join(result.model, "README.md"));
    assert.match(card, /encode_query/);
    assert.match(card, /\| \*\*mean\*\* \|/);
  }));

Deno.test("evaluations multiply, and losses are tiled, as the settings say", () =>
  inTempFolder(async (folder) => {
    const teacher = await writeTeacher(folder);
    const backend = await useBackend("wasm");
    const cache = join(folder, "vectors");
    const kept = () => [...Deno.readDirSync(cache)].length;
    const run = (out: string, more: Partial<DistilOptions>) =>
      ended(distil(toySuite(), {
        ...SETTINGS,
        teacher,
        backend,
        cache,
        steps: 2,
        refine: 2,
        ...more,
        out: join(folder, out),
      }));
    const plain = await run("plain", {});
    const before = kept();
    const other = await run("other", { computeType: "int8", scoreMb: 1e-6 });
    // The passages' vectors of each kind have a file of their own.
    assert.equal(kept(), before + toySuite().tasks.length);
    for (const [name, { origin }] of Object.entries(other.reports!)) {
      assert.equal(origin!.computeType, "int8");
      assert.ok(!Object.hasOwn(plain.reports![name]!.origin!, "computeType"));
    }
    const [whole, tiled] = await Promise.all(
      ["plain", "other"].map((out) => losses(join(folder, out), "refined")),
    );
    tiled!.forEach((loss, i) => assert.ok(Math.abs(loss - whole![i]!) < 1e-4));
  }));

Deno.test("stopped and resumed, it is the same to the bit", () =>
  inTempFolder(async (folder) => {
    const teacher = await writeTeacher(folder);
    const backend = await useBackend("wasm");
    const run = (out: string) =>
      distil(toySuite(), {
        ...{ ...SETTINGS, teacher, backend, evaluate: false, steps: 12 },
        ...{ out: join(folder, out), passagesAsQueries: true, maxTexts: 20 },
      });
    const unbroken = await ended(run("a"));
    await stopAt(
      run("b"),
      ({ stage, done }) => stage === "distilled" && done === 5,
    );
    const resumed = await ended(run("b"));
    const weights = ({ model }: DistilResult) =>
      Deno.readFile(
        join(model, "query_0_Transformer", "model.safetensors"),
      );
    assert.deepEqual(await weights(resumed), await weights(unbroken));
    assert.deepEqual(resumed.drawn, unbroken.drawn);
    assert.equal(resumed.reports, undefined);
    assert.equal(resumed.towers[1]!.kept, undefined);
  }));

Deno.test("a student from scratch and another model get the teacher's width", () =>
  inTempFolder(async (folder) => {
    const teacher = await writeTeacher(folder);
    const backend = await useBackend("wasm");
    const common = { ...SETTINGS, teacher, backend, evaluate: false, steps: 2 };
    const scratch = await ended(distil(toySuite(), {
      ...common,
      ...{ out: join(folder, "scratch"), student: "scratch", heads: 1 },
      ...{ hiddenSize: 8, layers: 1, vocabSize: 60 },
    }));
    // And a student may be a teacher.
    const again = await ended(distil(toySuite(), {
      ...{ ...common, teacher: scratch.folder, out: join(folder, "again") },
      student: teacher,
    }));
    for (const { model } of [scratch, again]) {
      using retriever = await openRetriever(model, { backend: "wasm" });
      const [task] = toySuite().tasks;
      const query = await retriever.encode(["red"], { kind: "query", task });
      assert.equal(query.dimension, 16);
    }
  }));

Deno.test("planDistil() writes nothing, and errors are one line", () =>
  inTempFolder(async (folder) => {
    const teacher = await writeTeacher(folder);
    const backend = await useBackend("wasm");
    const common = { ...SETTINGS, teacher, backend, out: join(folder, "run") };
    const plan = await ended(planDistil(toySuite(), { ...common, refine: 5 }));
    assert.deepEqual(
      plan.stages.map(({ name, updates }) => [name, updates]),
      [["distilled", 30], ["refined", 5]],
    );
    assert.ok(plan.estimates.seconds!.training > 0);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), [
      "teacher",
    ]);
    for (
      const [change, message] of [
        [
          { student: "layers:3" },
          /student must be layers:N with N from 1 to 2/,
        ],
        [{ student: "layers:1,0" }, /or rising numbers of layers from 0 to 1/],
        [{ student: "no/such" }, /no such folder/],
        [{ teacher: "no/such" }, /no\/such/],
        [{ weights: [1] }, /one for each of the/],
        [{ steps: 0 }, /Cannot distil: steps/],
        [{ squared: 0, cosine: 0 }, /squared or cosine must be > 0/],
      ] as const
    ) {
      await assert.rejects(
        ended(distil(toySuite(), { ...common, ...change })),
        message,
      );
    }
  }));
