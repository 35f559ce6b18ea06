import assert from "node:assert/strict";
import type { Run } from "../../lib/data/types.ts";
import {
  collectReport,
  evaluate,
  type EvaluateOptions,
  evaluateShards,
} from "../../lib/eval/mod.ts";
import { tempFolder } from "../_temp_folder.ts";
import { wordEncoder } from "./_words.ts";
import { toySuite } from "../_toy_suite.ts";

const encoder = () => wordEncoder(40);

const measured = (options: EvaluateOptions, encode = encoder().encode) =>
  collectReport(evaluate(encode, toySuite(), options));

Deno.test("evaluate() rescored by whole vectors is the evaluation of whole ones", async () => {
  const whole = await measured({});
  assert.equal(whole.settings.precision, undefined);
  for (const precision of ["int8", "binary"] as const) {
    const rescored = await measured({
      precision,
      rescore: 1000,
      rescoreBy: "float32",
    });
    assert.deepEqual(rescored.tasks, whole.tasks);
    const { settings } = rescored;
    assert.deepEqual(
      [settings.precision, settings.rescore, settings.rescoreBy],
      [precision, 1000, "float32"],
    );
  }
  const bits = await measured({ precision: "binary" });
  assert.deepEqual(
    [bits.settings.rescore, bits.settings.rescoreBy],
    [4, "binary"],
  );
  assert.ok(bits.mean["nDCG@10"]! > 0.8 * whole.mean["nDCG@10"]!);
});

Deno.test("small vectors are kept as small files, and whole ones serve", async () => {
  const folder = await tempFolder();
  const cache = { folder, model: "words@1" };
  try {
    const files = () => [...Deno.readDirSync(folder)].map(({ name }) => name);
    for (const precision of ["int8", "binary"] as const) {
      const direct = await measured({ precision });
      const first = await measured({ precision, cache });
      assert.deepEqual(first, direct);
      assert.ok(
        files().some((name) => name.endsWith(`.${precision}.safetensors`)),
      );
      const { encode, counted } = encoder();
      assert.deepEqual(await measured({ precision, cache }, encode), direct);
      const queries = first.tasks.flatMap(({ queryIds }) => queryIds).length;
      assert.equal(counted.texts, queries);
    }
    for (const name of files()) await Deno.remove(`${folder}/${name}`);
    // Rescoring needs whole vectors, which serve without it as well.
    const precision = "binary";
    await measured({ precision, rescoreBy: "float32", cache });
    const { encode, counted } = encoder();
    const bits = await measured({ precision, cache }, encode);
    assert.deepEqual(bits, await measured({ precision }));
    assert.ok(counted.texts < 30);
    assert.ok(files().every((name) => !name.includes("binary")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("shards of small vectors make a record that says so", async () => {
  const part = async (index: number) => {
    const runs = new Map<string, Run>();
    const report = await measured({
      precision: "binary",
      rescore: 0,
      shard: { index, count: 2 },
      onRun: ({ name }, run) => void runs.set(name, run),
    });
    return { report, run: (task: string) => runs.get(task)! };
  };
  const merged = await collectReport(
    evaluateShards([await part(0), await part(1)], toySuite()),
  );
  assert.deepEqual(merged, await measured({ precision: "binary", rescore: 0 }));
});

Deno.test("what can't be searched so is refused before anything is encoded", () => {
  const { encode, counted } = encoder();
  const refused = (options: EvaluateOptions, why: RegExp) =>
    assert.throws(() => evaluate(encode, toySuite(), options), why);
  refused({ rescore: 3 }, /Cannot rescore: float32 vectors are whole/);
  refused({ precision: "int8", dtype: "bf16" }, /dtype must be f32 with/);
  assert.equal(counted.texts, 0);
});
