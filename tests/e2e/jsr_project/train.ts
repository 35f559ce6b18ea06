// deno-lint-ignore-file no-import-prefix -- a project without an import map
// What a stranger's first script may look like: a suite of two tasks from plain
// arrays, a small encoder from scratch, learned weights, a trained retriever,
// its metrics. Run outside the repository by jsr_import_test.ts.
import {
  batches,
  createRng,
  encodeFunction,
  infoNce,
  mineHardNegatives,
  type Suite,
  trainExamples,
  useBackend,
} from "jsr:@tdro/tdro@^0.1.0";
import { passageText } from "jsr:@tdro/tdro@^0.1.0/data";
import {
  bertConfig,
  cloneEncoder,
  createEncoder,
  createTokenizer,
  trainTokenizer,
} from "jsr:@tdro/tdro@^0.1.0/model";
import { train } from "jsr:@tdro/tdro@^0.1.0/train";
import { initialWeightState, learnWeights } from "jsr:@tdro/tdro@^0.1.0/dro";
import { collectReport, evaluate } from "jsr:@tdro/tdro@^0.1.0/eval";

const backend = await useBackend(Deno.args[0] as "wasm" | "tensorflow");

const colours = ["red", "green", "blue", "black", "white", "brown"];
const things = ["bird", "stone", "song", "house", "river", "lamp"];

/** Which passage has the pair of words that the query has? */
function task(name: string, question: string): Suite["tasks"][number] {
  const pairs = colours.flatMap((a) => things.map((b) => `${a} ${b}`));
  const judged = (of: (i: number) => boolean) =>
    new Map(
      pairs.flatMap((_, i) =>
        of(i) ? [[`q${i}`, new Map([[`p${i}`, 1]])] as const] : []
      ),
    );
  return {
    name,
    prompt: `Find the ${name}`,
    language: "en",
    kind: "question-passage",
    license: "CC0-1.0",
    source: "made up",
    corpus: new Map(
      pairs.map((
        p,
        i,
      ) => [`p${i}`, { id: `p${i}`, text: `${name} of a ${p}` }]),
    ),
    queries: new Map(
      pairs.map((p, i) => [`q${i}`, { id: `q${i}`, text: `${question} ${p}` }]),
    ),
    qrels: {
      train: judged((i) => i % 4 > 0),
      test: judged((i) => i % 4 === 0),
    },
  };
}

const suite: Suite = {
  name: "two tasks",
  tasks: [task("weight", "how heavy is the"), task("shade", "what shade has")],
};
const mined = await Promise.all(
  suite.tasks.map((task) =>
    mineHardNegatives(task, { rng: createRng(1, task.name), count: 4 })
  ),
);
const rows = trainExamples(suite, {
  negatives: mined.map(({ negatives }) => negatives),
});
const tokenizer = createTokenizer(trainTokenizer(
  suite.tasks.flatMap(({ corpus, queries }) => [
    ...[...corpus.values()].map(passageText),
    ...[...queries.values()].map(({ text }) => text),
  ]),
));
const base = createEncoder(
  bertConfig({
    vocabSize: tokenizer.vocabSize,
    hiddenSize: 32,
    layers: 1,
    heads: 2,
    intermediateSize: 64,
    maxPositions: 32,
  }),
  tokenizer,
  {
    rng: createRng(1, "model"),
    modules: { pooling: "mean", normalize: true, prompts: {} },
  },
);
const lengths = { queryLength: 16, passageLength: 16 };
const drawn = { size: 8, passages: 3, count: 30, seed: 1 };

const proxy = cloneEncoder(base);
let state = initialWeightState([0.5, 0.5]);
for await (
  const report of learnWeights(
    batches(rows, [0.5, 0.5], { ...drawn, homogeneous: false }),
    {
      ...lengths,
      proxy,
      reference: base,
      state,
      learningRate: 2e-3,
      update: { eta: 0.25, measure: "released" },
      infoNce: { temperature: 0.05 },
    },
  )
) state = report.state;

const losses: number[] = [];
for await (
  const { loss } of train(base, batches(rows, state.curr, drawn), {
    ...lengths,
    learningRate: 5e-3,
    loss: infoNce({ temperature: 0.05 }),
  })
) losses.push(loss);

const { tasks } = await collectReport(
  evaluate(encodeFunction(base, lengths), suite, {
    split: "test",
    metrics: ["nDCG@10"],
    k: 10,
  }),
);
console.log(JSON.stringify({
  backend: backend.name,
  weights: state.curr,
  losses,
  ndcg: tasks.map(({ mean }) => mean["nDCG@10"]),
}));
