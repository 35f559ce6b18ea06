// All of tDRO (arXiv 2408.10613) on one page: a uniform reference, task weights
// learned by a proxy, a reweighted retriever, and whether that was worth it.
// Run it with `deno run -A examples/tdro.ts`; it takes half a minute.
import { useBackend } from "@tdro/tdro/backend";
import * as data from "@tdro/tdro/data";
import { buildDocsSuite } from "@tdro/tdro/docs-suite";
import { initialWeightState, learnWeights } from "@tdro/tdro/dro";
import { collectReport, compareReports, evaluate } from "@tdro/tdro/eval";
import * as model from "@tdro/tdro/model";
import { batches, createRng, mixture } from "@tdro/tdro/sampling";
import { mineHardNegatives } from "@tdro/tdro/search";
import { infoNce, train } from "@tdro/tdro/train";

const SMALL = { hiddenSize: 128, intermediateSize: 512, layers: 1, heads: 2 };
/** `steps` updates of `size` queries in each stage; the encoder's `shape`. */
const SIZES = { steps: 60, size: 32, shape: SMALL, vocabSize: 4000, seed: 42 };
type Sizes = Partial<typeof SIZES>;

/** Stages 0, 1 and 2 on a suite of tasks; prints and returns what came out. */
export async function tdro(suite: data.Suite, sizes: Sizes = {}) {
  const { steps, size, shape, vocabSize, seed } = { ...SIZES, ...sizes };
  const prompts = suite.tasks.map((task) => task.prompt);
  const training = { learningRate: 2e-3, queryLength: 48, passageLength: 64 };
  const temperature = 0.05; // divides the similarities in the loss

  // Training rows: a query, its positives, hard negatives that BM25 finds.
  const negatives = [];
  for (const task of suite.tasks) {
    const rng = createRng(seed, `negatives/${task.name}`);
    negatives.push((await mineHardNegatives(task, { rng })).negatives);
  }
  const rows = data.trainExamples(suite, { negatives });

  // A tokenizer and a small encoder; every model starts as a copy of it.
  const corpora = suite.tasks.flatMap((task) => [...task.corpus.values()]);
  const tokenizer = model.createTokenizer(model.trainTokenizer([
    ...corpora.map(data.passageText),
    ...rows.flat().map((r) => data.queryText(prompts[r.domain]!, r.query.text)),
  ], { vocabSize }));
  const config = model.bertConfig({ ...shape, vocabSize: tokenizer.vocabSize });
  const start = model.createEncoder(config, tokenizer, {
    rng: createRng(seed, "model"),
    modules: { pooling: "mean", normalize: true },
  });

  // Every batch comes from one task, drawn by the weights.
  const drawn = { size, seed, prompts, count: steps };
  async function trainRetriever(weights: readonly number[]) {
    const encoder = model.cloneEncoder(start);
    const options = { ...training, loss: infoNce({ temperature }) };
    const updates = train(encoder, batches(rows, weights, drawn), options);
    const losses = await Array.fromAsync(updates, (update) => update.loss);
    return { encoder, losses };
  }

  // Stage 0: the reference, trained on all tasks alike.
  const uniform = mixture(suite, "uniform");
  const reference = await trainRetriever(uniform);

  // Stage 1: a proxy trains on batches of all tasks. A task gains weight where
  // the proxy's loss is large beside the reference's on the same rows.
  const mixed = { ...drawn, homogeneous: false, passages: 3 };
  let state = initialWeightState(uniform);
  const updates = learnWeights(batches(rows, uniform, mixed), {
    ...training,
    proxy: model.cloneEncoder(start),
    reference: reference.encoder,
    state,
    update: { eta: 0.1 },
    infoNce: { temperature },
  });
  for await (const update of updates) state = update.state;
  const weights = state.curr;

  // Stage 2: the same training as in stage 0, by the learned weights.
  const reweighted = await trainRetriever(weights);

  // The verdict: nDCG@10 on the test splits, task by task and on average.
  const evaluated = (encoder: model.Encoder) =>
    collectReport(evaluate(model.encodeFunction(encoder, training), suite));
  const { tasks, mean } = compareReports(
    await evaluated(reference.encoder),
    await evaluated(reweighted.encoder),
  );
  for (const [k, { task, a, b }] of tasks.entries()) {
    console.log(task, { weight: weights[k], uniform: a, reweighted: b });
  }
  const verdict = `Mean nDCG@10: uniform ${mean.a.toFixed(3)}, ` +
    `reweighted ${mean.b.toFixed(3)}. With this seed, reweighting ` +
    (mean.b > mean.a ? "helped." : "did not help.");
  console.log(verdict);
  return { weights, losses: reference.losses, verdict };
}

if (import.meta.main) {
  await useBackend();
  const tasks = ["es-lib", "messages-en-de", "tfjs-ops", "web-paraphrase"];
  await tdro(await buildDocsSuite({ tasks }));
}
