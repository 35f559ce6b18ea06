import assert from "node:assert/strict";
import { writeSuite } from "../../lib/data/mod.ts";
import { formatWeightFile, weightFile } from "../../lib/dro/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { isUserError, tdro } from "./_capture.ts";

Deno.test("tdro train takes a weight file, by the names of its tasks", async () => {
  const work = await Deno.makeTempDir();
  const suite = toySuite();
  await writeSuite(suite, `${work}/suite`);
  const file = weightFile({
    names: ["places", "shades"],
    weights: [1, 0],
    sizes: [10, 10],
  });
  await Deno.writeTextFile(`${work}/weights.json`, formatWeightFile(file));
  const line = [
    "train",
    "--suite",
    `${work}/suite`,
    "--backend",
    "wasm",
    "--json",
    "--steps",
    "2",
    "--batch-size",
    "4",
    "--hidden-size",
    "16",
    "--out",
    `${work}/run`,
    "--no-evaluate",
  ];
  const { code, out, err } = await tdro(
    ...line,
    "--mixture",
    `${work}/weights.json`,
  );
  assert.equal(code, 0, err);
  const result = JSON.parse(out);
  const place = suite.tasks.findIndex(({ name }) => name === "places");
  assert.deepEqual(
    result.drawn,
    suite.tasks.map((_, k) => k === place ? 8 : 0),
  );
  assert.ok(isUserError(await tdro(...line, "--mixture", "no/file.json")));
  assert.ok(isUserError(await tdro(...line, "--lora.rank", "0")));
});
