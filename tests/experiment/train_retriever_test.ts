import assert from "node:assert/strict";
import { useBackend } from "../../lib/backend/mod.ts";
import { collectReport, evaluate } from "../../lib/eval/mod.ts";
import {
  type RetrieverResult,
  trainRetriever,
  type TrainRetrieverOptions,
} from "../../lib/experiment/mod.ts";
import {
  disposeEncoder,
  encodeFunction,
  loadEncoder,
  saveEncoder,
} from "../../lib/model/mod.ts";
import { onBackends } from "../_backends.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";
import { ended, stopAt } from "../_long_work.ts";
import { tempFolder } from "../_temp_folder.ts";

const SMALL = { steps: 6, batchSize: 4, layers: 1, hiddenSize: 16, heads: 2 };

async function finish(
  options: Partial<TrainRetrieverOptions> & { out: string },
): Promise<RetrieverResult> {
  const backend = await useBackend("wasm");
  const run = trainRetriever(toySuite(), { ...SMALL, backend, ...options });
  return await ended(run);
}

onBackends("trainRetriever() draws by the weights and evaluates", async () => {
  const out = `${await tempFolder()}/run`;
  const weights = toySuite().tasks.map((_, k) => k === 1 ? 1 : 0);
  const { drawn, report, model } = await finish({ out, weights });
  assert.deepEqual(drawn, weights.map((w) => w * 6 * 4));
  assert.equal(report!.tasks.length, weights.length);
  const encoder = await loadEncoder(model);
  assert.equal(encoder.config.hiddenSize, 16);
  // The search on the device finds what plain JavaScript finds, to the bit.
  const { metrics, k } = report!.settings;
  const plain = await collectReport(
    evaluate(encodeFunction(encoder), toySuite(), { metrics, k }),
  );
  assert.deepEqual(plain.tasks, report!.tasks);
  disposeEncoder(encoder);
  const record = JSON.parse(await Deno.readTextFile(`${out}/run.json`));
  assert.equal(record.status, "finished");
  assert.deepEqual(record.options.weights, weights);
});

Deno.test("trainRetriever() with LoRA trains an adapter alone", async () => {
  await useBackend("wasm");
  const work = await tempFolder();
  const base = smallEncoder();
  await saveEncoder(base, `${work}/base`);
  const options = {
    model: `${work}/base`,
    lora: { rank: 2, dropout: 0 },
    learningRate: 0.01,
    out: `${work}/run`,
    evaluate: false,
  };
  const { model, report } = await finish(options);
  assert.equal(report, undefined);
  const trained = await loadEncoder(model);
  assert.equal(trained.lora?.rank, 2);
  for (const [name, parameter] of base.parameters) {
    assert.deepEqual(
      trained.parameters.get(name)!.dataSync(),
      parameter.dataSync(),
      name,
    );
  }
  const moved = [...trained.parameters].filter(([name, p]) =>
    name.endsWith("lora_B.weight") && p.dataSync().some((x: number) => x !== 0)
  );
  assert.ok(moved.length > 0);
  disposeEncoder(base);
  disposeEncoder(trained);
});

Deno.test("trainRetriever() refuses LoRA on an untrained encoder, before it writes", async () => {
  const work = await tempFolder();
  await assert.rejects(finish({ out: `${work}/run`, lora: { rank: 2 } }), {
    name: "RangeError",
    message: /^Cannot train a LoRA adapter on an untrained encoder.*--model/,
  });
  assert.deepEqual([...Deno.readDirSync(work)], []);
  await Deno.remove(work);
});

Deno.test("trainRetriever() trains on one task, and without test judgments if it isn't to evaluate", async () => {
  const work = await tempFolder();
  const [task] = toySuite().tasks;
  const { train } = task!.qrels;
  const bare = { name: "one", tasks: [{ ...task!, qrels: { train } }] };
  const backend = await useBackend("wasm");
  const options = { ...SMALL, backend, out: `${work}/run` };
  await assert.rejects(trainRetriever(bare, options).next(), {
    name: "RangeError",
    message:
      /task shades has no test judgments; .*, or train with --no-evaluate$/,
  });
  const run = trainRetriever(bare, { ...options, evaluate: false });
  let next = await run.next();
  while (!next.done) next = await run.next();
  assert.deepEqual(next.value.drawn, [24]);
  assert.equal(next.value.report, undefined);
  // One task with test judgments is evaluated.
  const whole = trainRetriever({ name: "one", tasks: [task!] }, {
    ...options,
    out: `${work}/whole`,
  });
  let last = await whole.next();
  while (!last.done) last = await whole.next();
  assert.equal(last.value.report!.tasks.length, 1);
  const empty = trainRetriever({ name: "none", tasks: [] }, options);
  await assert.rejects(empty.next(), /^RangeError: Cannot train: .* no task$/);
  await Deno.remove(work, { recursive: true });
});

Deno.test("trainRetriever() goes on where it was interrupted", async () => {
  const backend = await useBackend("wasm");
  const work = await tempFolder();
  const whole = await finish({ out: `${work}/whole` });
  const out = `${work}/broken`;
  const run = trainRetriever(toySuite(), { ...SMALL, backend, out });
  await stopAt(run, (e) => e.stage === "retriever" && e.done === 3);
  const resumed = await finish({ out });
  assert.deepEqual(
    await Deno.readFile(`${resumed.model}/model.safetensors`),
    await Deno.readFile(`${whole.model}/model.safetensors`),
  );
});

Deno.test("trainRetriever() refuses weights that don't fit the tasks", async () => {
  const out = `${await tempFolder()}/run`;
  const count = toySuite().tasks.length;
  for (
    const [weights, message] of [
      [[1], /one for each of the/],
      [Array(count).fill(0), /one of them must be > 0/],
      [Array(count).fill(-1), /finite number >= 0/],
    ] as const
  ) {
    await assert.rejects(finish({ out, weights }), {
      name: "RangeError",
      message,
    });
  }
  await assert.rejects(finish({ out, lora: { rank: 0 } }), /rank/);
});
