import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  disposeEncoder,
  embed,
  type Encoder,
  loadEncoder,
  loadLora,
  type Pooling,
  tokenize,
  unpad,
} from "../../lib/model/mod.ts";
import type { Batch } from "../../lib/sampling/mod.ts";
import {
  contrastiveLosses,
  infoNce,
  type StepReport,
  train,
} from "../../lib/train/mod.ts";
import { maxDifference, onBackends } from "../_backends.ts";
import { hasShared, readShared, shared } from "../_shared.ts";
import { CHECKPOINTS } from "./_checkpoint.ts";
import { Tape } from "../../lib/backend/kernels/mod.ts";

const FOLDER = "fixtures/models/training";

interface Side {
  texts: string[];
  input_ids: number[][];
  attention_mask: number[][];
}

/** Ten steps as PyTorch made them. */
interface Trace {
  base_checkpoint: string;
  lora?: string;
  settings: Record<string, number> & { pooling: string };
  weight_decay_on: string[];
  no_weight_decay_on: string[];
  batch: { query: Side; positive: Side; negative: Side };
  step1: {
    logits: number[][];
    query_embeddings_first8: number[][];
    grad_norm_by_parameter: Record<string, number>;
    grad_first4: Record<string, number[]>;
  };
  loss: number[];
  grad_norm: number[];
  loss_after_last_step: number;
  parameters_after: Record<
    string,
    { norm: number; first4: number[]; last2: number[] }
  >;
  embedding_rows_after?: {
    parameter: string;
    seen_row: number;
    seen_first8: number[];
    unseen_row: number;
    unseen_first8: number[];
  };
}

/** The traces don't tell it; the longest rows have it, and are cut. */
const MAX_LENGTH = 24;

const POOLINGS: Record<string, Pooling> = { mean: "mean", last: "lastToken" };

async function start(trace: Trace): Promise<Encoder> {
  const encoder = await loadEncoder(
    shared(`${CHECKPOINTS}/${trace.base_checkpoint}`),
    {
      pooling: POOLINGS[trace.settings.pooling]!,
      normalize: true,
      maxLength: MAX_LENGTH,
    },
  );
  return trace.lora
    ? await loadLora(encoder, shared(`fixtures/models/lora/${trace.lora}`))
    : encoder;
}

/** The texts of the fixture as training takes them, again and again. */
function* batchesOf({ batch }: Trace, count: number): Generator<Batch> {
  const { query, positive, negative } = batch;
  const examples = query.texts.map((text, i) => {
    const passageTexts = [positive.texts[i]!, negative.texts[i]!];
    return {
      domain: 0,
      row: i,
      query: { id: `q${i}`, text },
      queryText: text,
      passages: passageTexts.map((text, j) => ({ id: `p${i}-${j}`, text })),
      passageTexts,
      positiveIds: new Set([`p${i}-0`]),
    };
  });
  for (let index = 0; index < count; index++) {
    yield { index, examples, cursor: {} as Batch["cursor"] };
  }
}

for (const name of ["bert", "qwen2", "qwen2-lora"]) {
  if (!hasShared(FOLDER)) {
    Deno.test({ name: `${name} trains as in PyTorch`, ignore: true, fn() {} });
    continue;
  }
  const trace: Trace = readShared(`${FOLDER}/${name}.json`);

  onBackends(`${name}: the texts of the trace give its token ids`, async () => {
    const encoder = await start(trace);
    for (const side of Object.values(trace.batch)) {
      const [B, L] = [side.input_ids.length, side.input_ids[0]!.length];
      const want = unpad({
        ids: Int32Array.from(side.input_ids.flat()),
        mask: Float32Array.from(side.attention_mask.flat()),
        batch: B,
        length: L,
      });
      assert.deepEqual(tokenize(encoder, side.texts), want);
    }
    disposeEncoder(encoder);
  }, ["wasm"]);

  onBackends(`${name}: the first step's gradients are PyTorch's`, async () => {
    const encoder = await start(trace);
    const { step1, settings, batch } = trace;
    const B = batch.query.texts.length;
    // Positives and negatives in turn, as contrastiveLosses() takes them.
    const passages = batch.positive.texts.flatMap((text, i) => [
      text,
      batch.negative.texts[i]!,
    ]);
    const tape = new Tape();
    const q = embed(encoder, tokenize(encoder, batch.query.texts), { tape });
    const p = embed(encoder, tokenize(encoder, passages), { tape });
    const logits = tf.tidy(() =>
      tf.div(tf.matMul(q, p, false, true), settings.temperature!).arraySync()
    ) as number[][];
    step1.logits.forEach((row, i) => {
      const inTurn = row.slice(0, B).flatMap((x, j) => [x, row[B + j]!]);
      // Scores are divided by 0.05: an error of 1e-6 grows to 2e-5.
      assert.ok(maxDifference(logits[i]!, inTurn) < 1e-4);
    });
    (q.arraySync() as number[][]).forEach((row, i) =>
      assert.ok(
        maxDifference(row.slice(0, 8), step1.query_embeddings_first8[i]!) <
          1e-5,
      )
    );
    const { value, grads } = tf.valueAndGrads((q, p) =>
      tf.mean(contrastiveLosses(q as tf.Tensor2D, p as tf.Tensor2D, {
        temperature: settings.temperature!,
        negatives: "in-batch",
      }))
    )([q, p]);
    assert.ok(Math.abs(value.dataSync()[0]! - trace.loss[0]!) < 1e-5);
    const found = tape.backward([[q, grads[0]!], [p, grads[1]!]]);
    const names = Object.keys(step1.grad_norm_by_parameter);
    assert.equal(found.size, names.length);
    for (const name of names) {
      const gradient = found.get(encoder.parameters.get(name)!)!.dataSync();
      const norm = Math.hypot(...gradient);
      const want = step1.grad_norm_by_parameter[name]!;
      if (want < 1e-5) assert.ok(norm < 1e-5, `${name}: ${norm}`);
      else {
        assert.ok(Math.abs(norm / want - 1) < 1e-4, `${name}: ${norm}`);
        const first = step1.grad_first4[name];
        if (first) {
          assert.ok(
            maxDifference(gradient.slice(0, 4), first) < 1e-4 * want,
            `${name} begins ${gradient.slice(0, 4)}`,
          );
        }
      }
    }
    tf.dispose([value, ...grads, q, p, ...found.values()]);
    disposeEncoder(encoder);
  });

  onBackends(`${name}: ten steps go where PyTorch's went`, async () => {
    const encoder = await start(trace);
    const { settings } = trace;
    const reports: StepReport[] = [];
    const options = {
      loss: infoNce({ temperature: settings.temperature! }),
      learningRate: settings.lr!,
      weightDecay: settings.weight_decay!,
      maxGradNorm: settings.clip_grad_norm!,
    };
    for await (const report of train(encoder, batchesOf(trace, 10), options)) {
      reports.push(report);
    }
    reports.forEach(({ loss, gradNorm }, step) => {
      assert.ok(Math.abs(loss - trace.loss[step]!) < 1e-4, `loss ${step}`);
      const want = trace.grad_norm[step]!;
      const bound = want < 0.1 ? 1e-4 : 1e-3 * want;
      assert.ok(Math.abs(gradNorm - want) < bound, `gradient norm ${step}`);
    });
    for (const [name, want] of Object.entries(trace.parameters_after)) {
      // Its gradient is rounding noise, which Adam turns into steps.
      if (/key\.bias$/.test(name)) continue;
      const values = encoder.parameters.get(name)!.dataSync();
      const ends = [...values.slice(0, 4), ...values.slice(-2)];
      const gap = maxDifference(ends, [...want.first4, ...want.last2]);
      assert.ok(gap < 1e-4, `${name}: ${gap}`);
      const norm = Math.hypot(...values);
      assert.ok(Math.abs(norm - want.norm) < 1e-4 * want.norm, name);
    }
    const rows = trace.embedding_rows_after;
    if (rows) {
      const table = encoder.parameters.get(rows.parameter)!;
      const row = (i: number) =>
        table.dataSync().slice(i * table.shape[1]!, i * table.shape[1]! + 8);
      assert.ok(maxDifference(row(rows.seen_row), rows.seen_first8) < 1e-4);
      assert.ok(maxDifference(row(rows.unseen_row), rows.unseen_first8) < 1e-6);
    }
    disposeEncoder(encoder);
  });
}
