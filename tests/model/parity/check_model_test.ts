import assert from "node:assert/strict";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  addLora,
  checkModel,
  disposeEncoder,
  type Encoder,
  encodeTexts,
  loadEncoder,
  type ModelCheck,
  readModelReference,
  saveEncoder,
} from "../../../lib/model/mod.ts";
import { familyEncoder } from "../_family_encoders.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { onBackends } from "../../_backends.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../../_pytorch.ts";
import { hasShared, shared } from "../../_shared.ts";
import { smallEncoder } from "../../_small_encoder.ts";

const TEXTS = ["red green", "a blue bird sings", "", "the sky is green"];

async function results(
  checks: AsyncGenerator<ModelCheck>,
): Promise<Record<string, boolean | null>> {
  const found: Record<string, boolean | null> = {};
  for await (const { check, ok } of checks) found[check] = ok;
  return found;
}

/** Names of the checks that failed or weren't tried. */
function wrong(found: Record<string, boolean | null>): string[] {
  return Object.entries(found).flatMap(([check, ok]) => ok ? [] : [check]);
}

async function saved(encoder: Encoder): Promise<string> {
  const folder = await Deno.makeTempDir();
  await saveEncoder(encoder, folder);
  return folder;
}

onBackends(
  "checkModel() passes a sound model and says what it left out",
  async () => {
    const encoder = smallEncoder();
    const folder = await saved(encoder);
    const found = await results(checkModel(folder, { texts: TEXTS }));
    assert.equal(found["equals PyTorch"], null);
    delete found["equals PyTorch"];
    assert.ok(Object.values(found).every((ok) => ok === true));
    assert.equal(Object.keys(found).length, 6);
    disposeEncoder(encoder);
    await Deno.remove(folder, { recursive: true });
  },
);

Deno.test("checkModel() finds a wrong weight, and a wrong reference", async () => {
  await useBackend("wasm");
  const encoder = smallEncoder();
  const folder = await saved(encoder);
  const { data, dimension } = await encodeTexts(encoder, TEXTS);
  const embeddings = TEXTS.map((_, i) => [
    ...data.subarray(i * dimension, (i + 1) * dimension),
  ]);
  const right = await results(checkModel(folder, {
    texts: TEXTS,
    reference: { texts: TEXTS, embeddings, ids: [[1], [2], [3], [4]] },
  }));
  assert.equal(right["embeddings equal PyTorch's"], true);
  assert.equal(right["token ids equal PyTorch's"], false);
  embeddings[2]![1]! += 2e-4;
  const wrong = await results(
    checkModel(folder, { reference: { texts: TEXTS, embeddings } }),
  );
  assert.equal(wrong["embeddings equal PyTorch's"], false);

  // We save none such, others may.
  const path = `${folder}/model.safetensors`;
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, start)),
  );
  const { data_offsets: [at] } = header["encoder.layer.0.output.dense.bias"];
  view.setFloat32(start + at + 12, NaN, true);
  await Deno.writeFile(path, bytes);
  const found = await results(checkModel(folder, { texts: TEXTS }));
  assert.equal(found["weights are finite"], false);
  disposeEncoder(encoder);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readModelReference() names what is wrong", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "{");
  await assert.rejects(readModelReference(path), /is not JSON/);
  await Deno.writeTextFile(path, '{"texts": ["a"], "embeddings": []}');
  await assert.rejects(readModelReference(path), {
    name: "SyntaxError",
    message: /embeddings: must have a row for each text/,
  });
  await Deno.remove(path);
});

/** Decoders make no token of an empty text. */
const WITH_TOKENS = TEXTS.filter((text) => text !== "");

/** Saves an encoder, frees it, and lets PyTorch and the rest of the kit check. */
async function checkAgainstPyTorch(
  encoder: Encoder,
  texts: string[],
): Promise<void> {
  const folder = await saved(encoder);
  disposeEncoder(encoder);
  const found = await results(
    checkModel(folder, { texts, python: TORCH_PYTHON }),
  );
  assert.deepEqual(wrong(found), []);
  await Deno.remove(folder, { recursive: true });
}

for (const pooling of ["mean", "cls"] as const) {
  Deno.test({
    name:
      `sentence-transformers gives our embeddings of a saved model, ${pooling}`,
    ignore: WITHOUT_TORCH,
    fn: async () => {
      await useBackend("wasm");
      const encoder = smallEncoder(pooling);
      await checkAgainstPyTorch(encoder, TEXTS);
    },
  });
}

// The other families: families_test.ts, with other modules.
Deno.test({
  name: "sentence-transformers gives our embeddings of a saved decoder",
  ignore: WITHOUT_TORCH,
  fn: async () => {
    await useBackend("wasm");
    const encoder = familyEncoder("qwen3", {
      pooling: "lastToken",
      normalize: true,
      prompts: {},
    });
    await checkAgainstPyTorch(encoder, WITH_TOKENS);
  },
});

Deno.test({
  name: "transformers gives our embeddings of a Qwen2 model saved again",
  ignore: WITHOUT_TORCH || !hasShared(),
  fn: async () => {
    await useBackend("wasm");
    const encoder = await loadEncoder(
      shared("fixtures/models/checkpoints/qwen2-tiny"),
    );
    await checkAgainstPyTorch(encoder, WITH_TOKENS);
  },
});

Deno.test({
  name: "peft gives our embeddings of a saved adapter",
  ignore: WITHOUT_TORCH,
  fn: async () => {
    await useBackend("wasm");
    const rng = createRng(3, "lora");
    const encoder = addLora(smallEncoder(), { rank: 2, rng });
    const tf = await import("@tensorflow/tfjs-core");
    for (const [name, factor] of encoder.parameters) {
      if (!name.endsWith("lora_B.weight")) continue;
      const values = Float32Array.from(
        { length: factor.size },
        () => rng.next(),
      );
      tf.tidy(() => factor.assign(tf.tensor(values, factor.shape)));
    }
    await checkAgainstPyTorch(encoder, TEXTS);
  },
});
