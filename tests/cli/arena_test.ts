import assert from "node:assert/strict";
import { writeSuite } from "../../lib/data/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { isUserError, tdro } from "./_capture.ts";
import { tempFolder } from "../_temp_folder.ts";

Deno.test("arena prints table and verdict, and JSON without retraining", async () => {
  const folder = await tempFolder();
  await writeSuite(toySuite(), `${folder}/suite`);
  const args = [
    "arena",
    "--suite",
    `${folder}/suite`,
    "--out",
    `${folder}/arena`,
    "--strategies",
    "group-dro,manual-1/0/1",
    "--seeds",
    "1,2",
    "--budget",
    "3",
    "--steps",
    "3",
    "--batch-size",
    "6",
    "--weight-batch-size",
    "6",
    "--negatives",
    "3",
    "--hidden-size",
    "16",
    "--vocab-size",
    "200",
    "--backend",
    "wasm",
  ];
  const first = await tdro(...args);
  assert.equal(first.code, 0, first.err);
  const names = ["bm25", "start", "uniform", "group-dro", "manual-1/0/1"];
  for (const name of names) {
    assert.match(first.out, new RegExp(`^${name} `, "m"));
  }
  assert.match(first.out, /^strategy +nDCG@10 +worst +difference/m);
  assert.match(first.out, /^strategy +Δ shades +Δ weights +Δ places/m);
  assert.match(
    first.out,
    /^group-dro: .* \(.*p \d\.\d+ after Holm; by seed .*\); choosing took 3 proxy steps\.$/m,
  );
  assert.match(first.out, /^Without training: mean nDCG@10 0\.\d{4} for/m);
  assert.match(first.out, /2 seeds \(1, 2\)/);
  const again = await tdro(...args, "--json");
  assert.equal(again.code, 0, again.err);
  const { strategies, format } = JSON.parse(again.out);
  assert.equal(format, "tdro-arena/1");
  assert.deepEqual(strategies.map((s: { name: string }) => s.name), [
    "uniform",
    "group-dro",
    "manual-1/0/1",
  ]);
  assert.match(again.err, /done before/);

  const wrong = await tdro(...args, "--strategies", "dorem");
  assert.ok(isUserError(wrong), JSON.stringify(wrong));
  assert.match(wrong.err, /did you mean doremi\?/);
  await Deno.remove(folder, { recursive: true });
});
