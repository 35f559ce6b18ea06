import assert from "node:assert/strict";
import { type BackendName, useBackend } from "../../../lib/backend/mod.ts";
import {
  readDev,
  type RetrieverResult,
  trainRetriever,
  type TrainRetrieverOptions,
} from "../../../lib/experiment/mod.ts";
import type { Suite } from "../../../lib/data/mod.ts";
import { comparable, readFiles } from "../../faults/_files.ts";
import { onBackends } from "../../_backends.ts";
import { toySuite } from "../../_toy_suite.ts";
import { tempFolder } from "../../_temp_folder.ts";

const SMALL = {
  steps: 8,
  batchSize: 4,
  layers: 1,
  hiddenSize: 8,
  heads: 1,
  vocabSize: 120,
  queryLength: 48,
  passageLength: 64,
  checkpointEvery: 3,
  evalEvery: 2,
  evaluate: false,
};

type Options =
  & Partial<Omit<TrainRetrieverOptions, "backend">>
  & { out: string; backend?: BackendName; suite?: Suite };

/** Trains; stopped after each update and each evaluation, if that is wanted. */
async function trained(
  { backend = "wasm", suite = toySuite(), ...options }: Options,
  { stopped = false } = {},
): Promise<RetrieverResult> {
  const used = await useBackend(backend);
  while (true) {
    const run = trainRetriever(suite, { ...SMALL, ...options, backend: used });
    let events = 0;
    while (true) {
      const next = await run.next();
      if (next.done) return next.value;
      const { stage, label, done } = next.value;
      // What only tells how it ended leaves nothing.
      if (stage !== "retriever" || label.includes("ended")) continue;
      // The first says where it goes on; the start itself leaves nothing.
      if (stopped && ++events > 1 && done > 0) break;
    }
    await run.return(undefined as never);
  }
}

/** Far too high a rate: the toy is best after two updates, and worse then. */
const RISES_AND_FALLS = { learningRate: 0.3, seed: 2 };

/** Dev means of a run by update. */
async function course(out: string): Promise<[number, number][]> {
  return (await readDev(out)).map(({ step, mean }) => [step, mean]);
}

onBackends(
  "trained with evaluations and stopped after each event, the same files",
  async (backend) => {
    const work = await tempFolder();
    const options = {
      ...RISES_AND_FALLS,
      backend,
      keep: "best",
      patience: 2,
    } as const;
    const whole = await trained({ ...options, out: `${work}/whole` });
    const broken = await trained({ ...options, out: `${work}/broken` }, {
      stopped: true,
    });
    const { step, end } = whole.kept!;
    assert.deepEqual([step, end.step], [2, 6]);
    assert.deepEqual(broken.kept, whole.kept);
    const [a, b] = await Promise.all(
      ["whole", "broken"].map((name) => readFiles(`${work}/${name}`)),
    );
    const named = Object.entries(comparable(b!)).map(([path, text]) => [
      path,
      text.replaceAll(`${work}/broken`, `${work}/whole`),
    ]);
    assert.deepEqual(Object.fromEntries(named), comparable(a!));
    await Deno.remove(work, { recursive: true });
  },
);

Deno.test("the best model that is kept is that of its update, the last one the last", async () => {
  const work = await tempFolder();
  const of = (name: string, options: Partial<Options>) =>
    trained({ ...RISES_AND_FALLS, ...options, out: `${work}/${name}` });
  const weights = (name: string) =>
    Deno.readFile(`${work}/${name}/models/retriever/model.safetensors`);
  const plain = await of("plain", { evalEvery: undefined });
  const last = await of("last", { keep: "last" });
  const best = await of("best", { keep: "best" });

  // To evaluate doesn't change what is trained.
  assert.equal(plain.kept, undefined);
  assert.deepEqual(await weights("last"), await weights("plain"));
  assert.equal(last.kept!.step, 8);
  assert.deepEqual(await course(`${work}/last`), await course(`${work}/best`));
  assert.deepEqual(await course(`${work}/plain`), []);

  // The schedule hangs on the steps: two of eight are what patience leaves.
  const means = await course(`${work}/best`);
  const top = means.toSorted((a, b) => b[1] - a[1])[0]!;
  assert.deepEqual(top, [2, best.kept!.mean]);
  assert.deepEqual(best.drawn.reduce((sum, n) => sum + n, 0), 2 * 4);
  assert.notDeepEqual(await weights("best"), await weights("last"));
  // Measured again, it has the score that it was kept for.
  const again = await of("again", {
    model: best.model,
    steps: 1,
    keep: "last",
    evalEvery: 1,
    learningRate: 1e-9,
  });
  assert.ok(Math.abs(again.kept!.mean - best.kept!.mean) < 1e-9);
  await Deno.remove(work, { recursive: true });
});

Deno.test("a start that training only makes worse is what is kept", async () => {
  const work = await tempFolder();
  const { kept, drawn } = await trained({
    out: `${work}/run`,
    keep: "best",
    patience: 1,
    learningRate: 0.3,
    seed: 1,
  });
  assert.deepEqual([kept!.step, kept!.end.step], [0, 2]);
  assert.deepEqual(drawn, [0, 0, 0]);
  await Deno.remove(work, { recursive: true });
});

Deno.test("training queries are held out only when asked, and never trained on", async () => {
  const work = await tempFolder();
  const { name, tasks: [first, ...rest] } = toySuite();
  const { dev: _, ...qrels } = first!.qrels;
  const suite = { name, tasks: [{ ...first!, qrels }, ...rest] };
  await assert.rejects(
    trained({ suite, out: `${work}/refused` }),
    /task shades has no dev judgments; add qrels\/dev.tsv, or .* --dev-from train/,
  );
  await assert.rejects(Deno.stat(`${work}/refused`), Deno.errors.NotFound);
  const out = `${work}/run`;
  await trained({ suite, out, devFrom: "train" });
  const [line] = await readDev(out);
  assert.deepEqual(Object.keys(line!.ndcgByTask), [
    "shades",
    "weights",
    "places",
  ]);
  const record = JSON.parse(
    await Deno.readTextFile(`${out}/models/retriever.json`),
  );
  assert.deepEqual(record.sizes, [24 - 2, 12, 16]);
  const { options } = JSON.parse(await Deno.readTextFile(`${out}/run.json`));
  assert.equal(options.devFrom, "train");
  await Deno.remove(work, { recursive: true });
});

Deno.test("an evaluation that finds a model diverged ends training, and keeps none of it", async () => {
  const work = await tempFolder();
  await assert.rejects(
    trained({
      out: `${work}/run`,
      learningRate: 1e30,
      checkpointEvery: 1,
      evalEvery: 1,
      keep: "best",
    }),
    /vectors are not finite after update 1; lower .*; there is no checkpoint before/,
  );
  await assert.rejects(
    Deno.stat(`${work}/run/checkpoints`),
    Deno.errors.NotFound,
  );
  await Deno.remove(work, { recursive: true });
});

Deno.test("what needs evaluations is refused without them", async () => {
  const out = `${await tempFolder()}/run`;
  for (
    const [options, flag] of [
      [{ keep: "best" }, "--keep best"],
      [{ patience: 2 }, "--patience"],
      [{ evalQueries: 5 }, "--eval-queries"],
      [{ evalPassages: 5 }, "--eval-passages"],
      [{ devFrom: "train" }, "--dev-from train"],
    ] as const
  ) {
    await assert.rejects(
      trained({ ...options, evalEvery: undefined, out }),
      (error: Error) =>
        error instanceof RangeError && error.message.includes(flag) &&
        error.message.includes("--eval-every"),
    );
  }
});
