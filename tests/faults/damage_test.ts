import assert from "node:assert/strict";
import { join } from "node:path";
import { useBackend } from "../../lib/backend/mod.ts";
import { CHECKSUMS } from "../../lib/base/files/checksums.ts";
import {
  compareMixtures,
  type ProgressEvent,
  readRun,
  runExperiment,
  type RunExperimentOptions,
} from "../../lib/experiment/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { inTempFolder } from "../_temp_folder.ts";

const SETTINGS = {
  hiddenSize: 8,
  vocabSize: 120,
  negatives: 3,
  steps: 6,
  weightSteps: 6,
  batchSize: 6,
  weightBatchSize: 6,
  checkpointEvery: 2,
};

/** Runs until an event is one to stop at, or to the end; all events. */
async function run(
  out: string,
  options: Partial<RunExperimentOptions> = {},
  stopAt: { stage: string; done: number } = { stage: "never", done: 0 },
) {
  const backend = await useBackend("wasm");
  const events: string[] = [];
  const work = runExperiment(toySuite(), {
    ...SETTINGS,
    ...options,
    out,
    backend,
  });
  while (true) {
    const next = await work.next();
    if (next.done) return { events, result: next.value };
    const { stage, label, done, note } = next.value;
    events.push(`${stage}: ${label} ${done} ${note ?? ""}`);
    if (stage === stopAt.stage && done === stopAt.done) {
      await work.return(undefined as never);
      return { events };
    }
  }
}

/** What a run came to, to the bit. */
function outcome(out: string) {
  return {
    weights: Deno.readTextFileSync(join(out, "weights.json")),
    evaluation: Deno.readTextFileSync(join(out, "eval.json")),
    models: ["uniform", "reweighted", "top"].map((arm) =>
      Deno.readFileSync(join(out, "models", arm, "model.safetensors")).toHex()
    ),
  };
}

async function flipBit(path: string, at: number): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[at % bytes.length]! ^= 1;
  await Deno.writeFile(path, bytes);
}

Deno.test("a damaged checkpoint is told, and the one before gives the same run", () =>
  inTempFolder(async (folder) => {
    await run(join(folder, "whole"));
    const whole = outcome(join(folder, "whole"));
    for (
      const [file, at] of [
        ["model.safetensors", 3000],
        ["optimizer.safetensors", 5000],
        ["state.json", 20],
        [CHECKSUMS, 40],
      ] as const
    ) {
      const out = join(folder, `broken-${file}`);
      await run(out, {}, { stage: "reweighted", done: 5 });
      const checkpoints = join(out, "checkpoints/reweighted");
      const names = [...Deno.readDirSync(checkpoints)].map((e) => e.name)
        .sort();
      assert.deepEqual(names, ["step-000004", "step-000005"]);
      await flipBit(join(checkpoints, names[1]!, file), at);
      const { events } = await run(out);
      const told = events.filter((event) => event.includes("damaged"));
      assert.equal(told.length, 1, `${file}: ${told}`);
      assert.match(told[0]!, /step-000005.*resuming from update 4/);
      assert.deepEqual(outcome(out), whole, file);
      const log = Deno.readTextFileSync(join(out, "metrics.jsonl")).trim();
      assert.equal(log.split("\n").length, 24);
    }
  }));

Deno.test("damage to both checkpoints, or to a finished stage, is refused", () =>
  inTempFolder(async (folder) => {
    const out = join(folder, "run");
    await run(out, {}, { stage: "reweighted", done: 5 });
    for (
      const [path, at, told] of [
        ["models/uniform/model.safetensors", 2000, "models/uniform"],
        ["models/uniform/tokenizer.json", 200, "models/uniform"],
        ["models/uniform.json", 50, "models/uniform"],
        ["weights/state.json", 30, "weights"],
      ] as const
    ) {
      await flipBit(join(out, path), at);
      await assert.rejects(run(out), (error: Error) => {
        assert.equal(error.name, "SyntaxError");
        assert.ok(error.message.includes(join(out, path)), error.message);
        assert.ok(error.message.includes(`remove ${join(out, told)}`));
        return true;
      });
      await flipBit(join(out, path), at);
    }
    for (const step of ["step-000004", "step-000005"]) {
      await Deno.remove(
        join(out, "checkpoints/reweighted", step, "optimizer.safetensors"),
      );
    }
    await assert.rejects(
      run(out),
      /optimizer\.safetensors is missing.*missing/,
    );
  }));

Deno.test("a run goes on where its folder was moved to", () =>
  inTempFolder(async (folder) => {
    const [out, moved] = [join(folder, "run"), join(folder, "moved")];
    await run(out, {}, { stage: "uniform", done: 3 });
    await Deno.rename(out, moved);
    const { result } = await run(moved);
    const steps = result!.metrics.map(({ stage, step }) => [stage, step]);
    await run(out);
    assert.deepEqual(
      (await run(out)).result!.metrics.map(({ stage, step }) => [stage, step]),
      steps,
    );
    await Deno.remove(out, { recursive: true });
    await Deno.rename(moved, out);
    assert.match((await run(out)).events[0]!, /already finished/);
  }));

Deno.test("a finished run gives its result, and goes only when another is whole", () =>
  inTempFolder(async (folder) => {
    const out = join(folder, "run");
    const first = await run(out);
    const before = outcome(out);
    const again = await run(out);
    assert.equal(again.events.length, 1);
    assert.match(again.events[0]!, /already finished/);
    assert.deepEqual(again.result!.summary, first.result!.summary);
    assert.deepEqual(again.result!.reports, first.result!.reports);
    assert.deepEqual(again.result!.metrics, first.result!.metrics);

    await assert.rejects(
      run(out, { seed: 7 }),
      /holds a finished run with other settings \(options\.seed is 7, was 42\).*--force/,
    );
    assert.deepEqual(outcome(out), before);

    const forced = { seed: 7, force: true };
    await run(out, forced, { stage: "uniform", done: 3 });
    assert.deepEqual(outcome(join(out, ".replaced")), before);
    const other = await run(out, { seed: 7 });
    assert.equal(other.result!.summary.seed, 7);
    assert.notDeepEqual(outcome(out), before);
    const left = [...Deno.readDirSync(out)].map(({ name }) => name);
    assert.deepEqual(left.filter((name) => name.startsWith(".")), []);
  }));

Deno.test("one process a folder: the second says who has it", () =>
  inTempFolder(async (folder) => {
    const out = join(folder, "run");
    const backend = await useBackend("wasm");
    const one = runExperiment(toySuite(), { ...SETTINGS, out, backend });
    for await (const { stage, done } of one) {
      if (stage !== "uniform" || done !== 2) continue;
      await assert.rejects(
        run(out),
        new RegExp(`process ${Deno.pid} on .*, since .*, is writing to it`),
      );
      break;
    }
    const { result } = await run(out);
    assert.equal(result!.metrics.length, 24);
  }));

Deno.test({
  name:
    "a folder that is removed or replaced under a run is told, and not filled",
  // A file that is open can't be removed there.
  ignore: Deno.build.os === "windows",
  fn: () =>
    inTempFolder(async (folder) => {
      const out = join(folder, "run");
      const backend = await useBackend("wasm");
      for (const replaced of [false, true]) {
        const one = runExperiment(toySuite(), { ...SETTINGS, out, backend });
        await assert.rejects(async () => {
          for await (const { stage, done } of one) {
            if (stage !== "uniform" || done !== 2) continue;
            await Deno.remove(out, { recursive: true });
            if (!replaced) continue;
            await Deno.mkdir(out);
            await Deno.writeTextFile(join(out, "metrics.jsonl"), "");
          }
        }, {
          name: "RangeError",
          message: /^Cannot go on: .*metrics\.jsonl was removed or replaced/,
        });
        await Deno.remove(out, { recursive: true }).catch(() => {});
      }
    }),
});

Deno.test("a finished run with an edited result is not believed", () =>
  inTempFolder(async (folder) => {
    const out = join(folder, "run");
    await run(out);
    for (const file of ["summary.json", "eval.json", "metrics.jsonl"]) {
      const path = join(out, file);
      const before = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, before.replace(/0\.\d/, "0.9"));
      for (const read of [() => run(out), () => readRun(out)]) {
        await assert.rejects(read(), (error: Error) => {
          assert.ok(
            error.message.includes(`${path} is damaged`),
            error.message,
          );
          return true;
        });
      }
      await Deno.writeTextFile(path, before);
    }
    await Deno.remove(join(out, "eval.json"));
    await assert.rejects(run(out), /eval\.json is missing.*--force/);
  }));

Deno.test("damage to an arm of an arena is told, and to its journal mended", () =>
  inTempFolder(async (folder) => {
    const out = join(folder, "arena");
    const { weightSteps: _, ...settings } = SETTINGS;
    const arena = async (stopAt?: (event: ProgressEvent) => boolean) => {
      const work = compareMixtures(toySuite(), ["inf-dds"], {
        ...settings,
        steps: 2,
        budget: 15,
        seeds: [1],
        out,
        backend: await useBackend("wasm"),
      });
      let next = await work.next();
      while (!next.done && !stopAt?.(next.value)) next = await work.next();
      if (!next.done) await work.return(undefined as never);
      return next.done ? next.value : undefined;
    };
    await arena(({ stage, done }) => /mixture/.test(stage) && done >= 7);
    const journal = join(out, "seed-1/arms/inf-dds/journal.jsonl");
    const lines = (await Deno.readTextFile(journal)).trimEnd().split("\n");
    assert.ok(lines.length > 1);
    lines[1] = lines[1]!.replace(/\d/, (digit) => `${9 - Number(digit)}`);
    await Deno.writeTextFile(journal, lines.join("\n") + "\n");
    const mended = await arena();
    await Deno.remove(out, { recursive: true });
    const whole = await arena();
    assert.deepEqual(
      mended!.arms.map(({ weights, report }) => [weights, report]),
      whole!.arms.map(({ weights, report }) => [weights, report]),
    );
    const result = join(out, "seed-1/arms/inf-dds/result.json");
    const text = await Deno.readTextFile(result);
    await Deno.writeTextFile(result, text.replace(/0\.\d/, "0.9"));
    await assert.rejects(arena(), (error: Error) => {
      assert.ok(error.message.includes(`${result} is damaged`), error.message);
      return true;
    });
  }));
