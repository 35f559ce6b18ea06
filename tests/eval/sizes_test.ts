import assert from "node:assert/strict";
import {
  collectReport,
  evaluate,
  type SizesOptions,
} from "../../lib/eval/mod.ts";
import { truncate } from "../../lib/search/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import type { EncodeFunction } from "../../lib/model/types.ts";
import { toySuite } from "../_toy_suite.ts";
import { wordEncoder } from "./_words.ts";

const DIMENSION = 40;

const measured = (
  sizes: SizesOptions,
  encode = wordEncoder(DIMENSION).encode,
) => collectReport(evaluate(encode, toySuite(), { sizes }));

Deno.test("each size scores what an evaluation of it alone scores", async () => {
  const { encode, counted } = wordEncoder(DIMENSION);
  const all = await measured({
    dims: [10, 20],
    precisions: ["binary", "float32", "int8"],
    rescore: 3,
  }, encode);
  const alone = wordEncoder(DIMENSION);
  const whole = await collectReport(evaluate(alone.encode, toySuite()));
  assert.equal(counted.texts, alone.counted.texts); // encoded once for all sizes
  assert.deepEqual(all.mean, whole.mean);
  assert.deepEqual(all.tasks, whole.tasks);
  assert.deepEqual(
    all.sizes!.map(({ dim, precision, rescore, bytes }) => [
      dim,
      precision,
      rescore,
      bytes,
    ]),
    [
      [40, "float32", 0, 160],
      ...[20, 10].flatMap((dim) => [
        [dim, "float32", 0, 4 * dim],
        [dim, "int8", 0, dim],
        [dim, "binary", 0, Math.ceil(dim / 8)],
        [dim, "binary", 3, Math.ceil(dim / 8)],
      ]),
    ],
  );
  for (const { dim, precision, rescore, rescoreBy, ...size } of all.sizes!) {
    const cut: EncodeFunction = async (texts, options) =>
      truncate(await alone.encode(texts, options), dim);
    const { mean, tasks } = await collectReport(
      evaluate(cut, toySuite(), { precision, rescore, rescoreBy }),
    );
    assert.deepEqual(size.mean, mean);
    assert.deepEqual(
      size.tasks,
      Object.fromEntries(tasks.map(({ task, mean }) => [task, mean])),
    );
    const { difference } = size.change ?? { difference: 0 };
    const gained = mean["nDCG@10"]! - whole.mean["nDCG@10"]!;
    assert.ok(Math.abs(difference - gained) < 1e-12);
  }
});

Deno.test("with chance each size has intervals around its numbers", async () => {
  const { sizes, settings } = await measured({
    dims: [40, 4],
    precisions: ["float32", "binary"],
    rng: createRng(1, "sizes"),
  });
  assert.deepEqual(settings.sizes, {
    dims: [40, 4],
    precisions: ["float32", "binary"],
  });
  for (const { mean, interval, change } of sizes!) {
    const [low, high] = interval!;
    assert.ok(low <= mean["nDCG@10"]! && mean["nDCG@10"]! <= high);
    if (!change) continue;
    const [least, most] = change.interval!;
    assert.ok(least <= change.difference && change.difference <= most);
  }
  assert.equal(sizes!.filter(({ change }) => !change).length, 1);
});

Deno.test("sizes that can't be measured are refused", async () => {
  await assert.rejects(
    measured({ dims: [41] }),
    /dims must be integers from 1 to 40, the length of the model's vectors: got 41/,
  );
  const { encode } = wordEncoder(DIMENSION);
  assert.throws(
    () => evaluate(encode, toySuite(), { sizes: {}, precision: "int8" }),
    /precision must be left out where sizes are compared/,
  );
});
