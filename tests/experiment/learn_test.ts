/** `learn()`: awaited, iterated, stopped and called again. */
import assert from "node:assert/strict";
import {
  learn,
  type Learning,
  type LearnOptions,
} from "../../lib/experiment/mod.ts";
import { writeSuite } from "../../lib/data/mod.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";

const SETTINGS: LearnOptions = {
  backend: "wasm",
  hiddenSize: 8,
  vocabSize: 200,
  steps: 2,
  weightSteps: 2,
  batchSize: 4,
  weightBatchSize: 4,
  negatives: 2,
  checkpointEvery: 1,
};

/** Labels of the stages that a run goes through when it is iterated. */
async function stagesOf(run: Learning): Promise<string[]> {
  const stages = new Set<string>();
  for await (const { stage } of run) stages.add(stage);
  return [...stages];
}

Deno.test("learn() awaited shows its progress, and gives a result that shows itself", () =>
  inTempFolder(async (folder) => {
    await writeSuite(toySuite(), `${folder}/suite`);
    let shown = "";
    const write = (text: string) => shown += text;
    const result = await learn(`${folder}/suite`, {
      ...SETTINGS,
      out: `${folder}/run`,
      tasks: ["places", "shades"],
      progress: { write, terminal: false },
    });
    assert.match(shown, /backend {2}1\/1 {2}wasm on cpu/);
    assert.match(shown, /report written/);
    assert.deepEqual(
      result.summary.tasks.map(({ name }) => name),
      ["places", "shades"],
    );
    assert.equal(result.folder, `${folder}/run`);
    assert.match(Deno.inspect(result), /^Run on “toy”, seed 42/);
    // Once more: what is there already.
    const again = learn(toySuite(), {
      ...SETTINGS,
      out: `${folder}/run`,
      tasks: ["places", "shades"],
    });
    assert.deepEqual(await stagesOf(again), ["backend", "run"]);
    assert.deepEqual((await again).summary, result.summary);
    assert.equal(await again, await again);
  }));

Deno.test("learn() iterated stops at a break, and goes on when called again", () =>
  inTempFolder(async (folder) => {
    const options = {
      ...SETTINGS,
      out: `${folder}/run`,
      progress: false,
    } as const;
    const stopped = learn(toySuite(), options);
    for await (const { stage } of stopped) if (stage === "weights") break;
    await assert.rejects(
      async () => await stopped,
      (error: DOMException) =>
        error.name === "AbortError" &&
        /stopped; call learn\(\) again/.test(error.message),
    );
    const seen = await stagesOf(learn(toySuite(), options));
    assert.equal(seen.at(-1), "report");
  }));

Deno.test("learn() tells what is wrong where it is awaited or iterated", async () => {
  const awaited = learn(toySuite(), { ...SETTINGS, steps: 0, progress: false });
  await assert.rejects(
    async () => await awaited,
    /Cannot run the experiment: steps/,
  );
  assert.throws(
    () => awaited[Symbol.asyncIterator](),
    /^TypeError: Cannot iterate over the run: it is awaited already/,
  );
  const iterated = learn(toySuite(), { ...SETTINGS, tasks: ["nowhere"] });
  await assert.rejects(
    stagesOf(iterated),
    /of the suite toy, .*: got nowhere$/,
  );
  await assert.rejects(async () => await iterated, /got nowhere$/);
  await assert.rejects(
    async () => await learn("no/such/suite", { progress: false }),
    /Cannot open suite no\/such\/suite/,
  );
});
