import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { parseSwarm, readWeightFile } from "../../lib/dro/mod.ts";
import { arenaSwarm, compareMixtures } from "../../lib/experiment/mod.ts";
import { tempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";
import { isUserError, tdro } from "./_capture.ts";

const RATIOS =
  "run,name,index,a,b,c\nr1,x,0,1,0,0\nr2,x,1,0,1,0\nr3,x,2,0,0,1\n" +
  "r4,x,3,0.5,0.5,0\nr5,x,4,0.2,0.2,0.6\nr6,x,5,0.4,0.2,0.4\nr7,x,6,0,0.5,0.5\n";

/** The more of c the better, the more of a the worse. */
const METRICS = "run,name,index,loss\n" +
  [[1, 0], [0, 0], [0, 1], [0.5, 0], [0.2, 0.6], [0.4, 0.4], [0, 0.5]].map(
    ([a, c], i) => `r${i + 1},x,${i},${Math.exp(a! - c!)}\n`,
  ).join("");

async function swarmFolder() {
  const folder = await tempFolder();
  const at = (name: string) => `${folder}/${name}`;
  await Deno.writeTextFile(at("ratios.csv"), RATIOS);
  await Deno.writeTextFile(at("metrics.csv"), METRICS);
  return {
    at,
    files: ["--ratios", at("ratios.csv"), "--metrics", at("metrics.csv")],
  };
}

Deno.test("weights fit turns Olmix's files into a weight file, and writes them", async () => {
  const { at, files } = await swarmFolder();
  const { code, out } = await tdro(
    ...["weights", "fit", ...files, "--out", at("fitted.json")],
    ...["--csv", at("again")],
  );
  assert.equal(code, 0);
  assert.match(out, /task +weight\n/);
  assert.match(out, /loss .*\n/);
  assert.match(out, /7 runs; the weights are in/);
  const { names, weights } = await readWeightFile(at("fitted.json"));
  assert.deepEqual(names, ["a", "b", "c"]);
  assert.ok(weights[2]! > weights[1]! && weights[1]! > weights[0]!);
  const text = (name: string) => Deno.readTextFile(at(name));
  assert.equal(await text("again-ratios.csv"), RATIOS);
  const again = parseSwarm({
    ratios: await text("again-ratios.csv"),
    metrics: await text("again-metrics.csv"),
  });
  assert.equal(again.runs.length, 7);

  // An earlier mixture of a and b, three to one, with c new.
  await tdro(
    ...["weights", "fit", ...files, "--out", at("wider.json")],
    ...["--keep", await keptFile(at("kept.json"))],
  );
  const wider = await readWeightFile(at("wider.json"));
  assert.ok(Math.abs(wider.weights[0]! / wider.weights[1]! - 3) < 1e-6);
});

/** A weight file of two tasks. */
async function keptFile(path: string): Promise<string> {
  const { weightFile, writeWeightFile } = await import("../../lib/dro/mod.ts");
  await writeWeightFile(
    path,
    weightFile({ names: ["a", "b"], weights: [0.75, 0.25], sizes: [9, 9] }),
  );
  return path;
}

Deno.test("weights fit takes the arms of an arena, by their dev scores", async () => {
  const folder = await tempFolder();
  const strategies = ["manual-2/1/0", "manual-0/1/2", "manual-1/0/1"];
  const settings = {
    ...{ hiddenSize: 16, vocabSize: 200, steps: 2, batchSize: 6 },
    ...{ negatives: 3, seeds: [1], backend: await useBackend("wasm") },
  };
  const arena = async (out: string, more: { evalEvery?: number }) => {
    for await (
      const _ of compareMixtures(toySuite(), strategies, {
        ...settings,
        ...more,
        out,
      })
    );
  };
  await arena(`${folder}/arena`, { evalEvery: 2 });
  const swarm = await arenaSwarm(`${folder}/arena`);
  assert.deepEqual(swarm.domains, ["shades", "weights", "places"]);
  assert.deepEqual(swarm.runs.map((run) => run.run), [
    "uniform-seed-1",
    ...strategies.map((name) => `${name}-seed-1`),
  ]);
  assert.ok(swarm.runs.every((r) => r.metrics.every((m) => m >= 0 && m <= 1)));
  const line = ["weights", "fit", `${folder}/arena`];
  const { code, out } = await tdro(
    ...[...line, "--out", `${folder}/w.json`, "--prior", "proportional"],
    "--json",
  );
  assert.equal(code, 0);
  const { weights, runs } = JSON.parse(out);
  assert.equal(runs, 4);
  const file = await readWeightFile(`${folder}/w.json`);
  assert.deepEqual(file.weights, weights);
  assert.deepEqual(file.sizes, swarm.sizes);

  await arena(`${folder}/bare`, {});
  const bare = await tdro(
    ...["weights", "fit", `${folder}/bare`, "--out", `${folder}/x.json`],
  );
  assert.ok(isUserError(bare));
  assert.match(
    bare.err,
    /was not evaluated on dev queries; run it by tdro arena/,
  );
});

Deno.test("weights fit refuses what doesn't go together", async () => {
  const { at, files } = await swarmFolder();
  const wrong = async (args: string[], message: RegExp) => {
    const outcome = await tdro("weights", "fit", ...args);
    assert.ok(isUserError(outcome), outcome.err);
    assert.match(outcome.err, message);
  };
  const out = ["--out", at("w.json")];
  await wrong(out, /name an arena, or both --ratios and --metrics/);
  await wrong([at("."), ...files, ...out], /leave out --ratios/);
  await wrong([at("nowhere"), ...out], /it has no arena\.json/);
  await wrong(
    [...files, ...out, "--prior", "proportional"],
    /--prior proportional needs an arena/,
  );
  await Deno.writeTextFile(at("w.json"), "mine");
  await wrong([...files, ...out], /w\.json/);
});
