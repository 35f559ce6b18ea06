/** Cross-encoders, held to sentence-transformers' CrossEncoder. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { writeSafetensors } from "../../../lib/model/mod.ts";
import {
  activated,
  disposeCrossEncoder,
  loadCrossEncoder,
  saveEncoder,
  scorePairs,
} from "../../../lib/model/mod.ts";
import { cutPair } from "../../../lib/model/tokenizer/parts/pair_template.ts";
import { pairScorer } from "../../../lib/search/mod.ts";
import { onBackends } from "../../_backends.ts";
import { fromFileUrl } from "../../_paths.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../../_pytorch.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { inTempFolder, tempFolder } from "../../_temp_folder.ts";

interface Reference {
  pairs: [string, string][];
  scores: Record<string, number[]>;
}

let made: Promise<{ folder: string; reference: Reference }> | undefined;

/** Folders and scores by sentence-transformers; once for both backends. */
function reference(): Promise<{ folder: string; reference: Reference }> {
  return made ??= (async () => {
    const folder = await tempFolder();
    const script = fromFileUrl(new URL("cross_encoder.py", import.meta.url));
    const { success, stdout, stderr } = await new Deno.Command(TORCH_PYTHON, {
      args: [script, folder],
    }).output();
    const text = new TextDecoder();
    assert.ok(success, text.decode(stderr));
    return { folder, reference: JSON.parse(text.decode(stdout)) };
  })();
}

onBackends(
  "cross-encoders score as sentence-transformers' do",
  async () => {
    const { folder, reference: told } = await reference();
    const { pairs, scores } = told;
    assert.equal(Object.keys(scores).length, 14);
    for (const [name, wanted] of Object.entries(scores)) {
      const before = tf.memory().numTensors;
      const model = await loadCrossEncoder(`${folder}/${name}`);
      assert.equal(
        model.activation,
        name.endsWith("-saved") ? "identity" : "sigmoid",
      );
      const got = activated(await scorePairs(model, pairs), model);
      wanted.forEach((score, i) =>
        assert.ok(
          Math.abs(score - got[i]!) < 1e-5 * Math.max(1, Math.abs(score)),
          `${name}, pair ${i}: ${score}, got ${got[i]}`,
        )
      );
      // Batches of one pair each give the same.
      const alone = await scorePairs(model, pairs, { batchTokens: 1 });
      const all = await scorePairs(model, pairs);
      alone.forEach((score, i) =>
        assert.ok(
          Math.abs(score - all[i]!) < 1e-5 * Math.max(1, Math.abs(score)),
        )
      );
      disposeCrossEncoder(model);
      assert.equal(tf.memory().numTensors, before, name);
    }
  },
  WITHOUT_TORCH ? [] : undefined,
);

Deno.test("of a pair that is too long the longer text is cut, or both", () => {
  // As the tokenizers library does (longest_first), worked by hand.
  for (
    const [lengths, room, kept] of [
      [[3, 4], 10, [3, 4]],
      [[3, 9], 10, [3, 7]],
      [[9, 3], 10, [7, 3]],
      [[9, 9], 10, [5, 5]],
      [[9, 8], 9, [5, 4]],
      [[8, 9], 9, [4, 5]],
      [[0, 9], 4, [0, 4]],
      [[2, 2], 0, [0, 0]],
    ] as [[number, number], number, number[]][]
  ) assert.deepEqual(cutPair(lengths, room), kept, `${lengths} in ${room}`);
});

onBackends("a folder without a score head is refused", async () => {
  await inTempFolder(async (folder) => {
    const encoder = smallEncoder();
    await saveEncoder(encoder, folder);
    const before = tf.memory().numTensors;
    await assert.rejects(
      loadCrossEncoder(folder),
      /^RangeError: Cannot load the cross-encoder .*: tensor classifier\.weight must have shape \[1,16\]: got none; a cross-encoder gives one score/,
    );
    assert.equal(tf.memory().numTensors, before);
    // Three classes, as of a model for entailment.
    await writeSafetensors(`${folder}/model.safetensors`, [
      { name: "classifier.weight", shape: [3, 16], data: new Float32Array(48) },
    ] as never);
    await assert.rejects(loadCrossEncoder(folder), /got \[3,16\]/);
    const config = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
    await Deno.writeTextFile(
      `${folder}/config.json`,
      JSON.stringify({ ...config, model_type: "nomic_bert" }),
    );
    await assert.rejects(loadCrossEncoder(folder), /nomic_bert|Cannot/);
    tf.dispose([...encoder.parameters.values()]);
  });
});

Deno.test("a pair is scored once, and a stranger is refused", async () => {
  const corpus = new Map(
    ["a", "b"].map((id) => [id, { id, title: "T", text: id }]),
  );
  const asked: string[] = [];
  const score = pairScorer({ corpus, prompt: "Find" }, (pairs) => {
    asked.push(...pairs.map((pair) => pair.join("|")));
    return Promise.resolve(pairs.map(([, passage]) => passage.length));
  });
  const queries = [{ id: "q", text: "?" }];
  await score(queries, new Map([["q", ["a"]]]));
  const run = await score(queries, new Map([["q", ["a", "b"]]]));
  assert.deepEqual([...run.get("q")!], [["a", 3], ["b", 3]]);
  assert.deepEqual(asked, ["?|T a", "?|T b"]);
  await assert.rejects(
    async () => await score(queries, new Map([["q", ["c"]]])),
    /must be in the corpus: got "c"/,
  );
});
