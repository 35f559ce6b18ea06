import assert from "node:assert/strict";
import { parseExperimentOptions } from "../../lib/experiment/mod.ts";
import { trainingOptions } from "../../lib/experiment/stages/training_options.ts";

Deno.test("the settings that save memory and freeze reach training", () => {
  const options = parseExperimentOptions({
    seed: 5,
    hiddenDropout: 0.1,
    trainEmbeddings: false,
    freeze: ["encoder.layer.0"],
    checkpointing: true,
    chunkTokens: 4096,
    precision: "bfloat16",
  });
  const {
    precision,
    dropout,
    seed,
    trainEmbeddings,
    freeze,
    checkpointing,
    gradCache,
  } = trainingOptions(options, 10);
  assert.deepEqual(
    {
      precision,
      dropout,
      seed,
      trainEmbeddings,
      freeze,
      checkpointing,
      gradCache,
    },
    {
      precision: "bfloat16",
      dropout: 0.1,
      seed: 5,
      trainEmbeddings: false,
      freeze: ["encoder.layer.0"],
      checkpointing: true,
      gradCache: { tokens: 4096 },
    },
  );
  const plain = trainingOptions(parseExperimentOptions({}), 10);
  assert.equal(plain.gradCache, undefined);
  assert.equal(plain.dropout, 0);
});

Deno.test("the settings of training are bounded", () => {
  assert.throws(
    () => parseExperimentOptions({ hiddenDropout: 1 }),
    /hiddenDropout/,
  );
  for (const name of ["batchSize", "weightBatchSize"]) {
    assert.throws(
      () => parseExperimentOptions({ [name]: 1e9 }),
      new RegExp(`${name}: .*1048576`),
    );
  }
  assert.throws(
    () => parseExperimentOptions({ chunkTokens: 0 }),
    /chunkTokens/,
  );
  assert.throws(() => parseExperimentOptions({ freeze: [""] }), /freeze/);
});
