import { join } from "node:path";
import { embeddingSize } from "./encode/encoder.ts";
import type { Towers } from "./encode/encode_texts.ts";
import type { ModulesConfig } from "./config/modules.ts";
import { type ModuleEntry, readModuleList } from "./config/module_list.ts";
import { ROUTER_FILE, routerFile, ROUTES, type Side } from "./config/router.ts";
import {
  SETTINGS_FILE,
  settingsFile,
  writeJson,
} from "./config/write_modules.ts";
import { saveEncoder, type SaveEncoderOptions } from "./save_encoder.ts";

/** Options for {@linkcode saveTowers}. */
export interface SaveTowersOptions extends SaveEncoderOptions {
  /**
   * Hash of the model that encodes passages, as `hashModel()` gives it, if it is one
   * that was there before: vectors of passages that were kept of it then serve here.
   */
  passageModel?: string | undefined;
}

/**
 * Saves an encoder of queries and one of passages as one model: a Router of
 * sentence-transformers, whose `encode_query` and `encode_document` (from version 5
 * on) give the same vectors. Its lengths are those of the encoder of queries; of two
 * prompts of one name the encoder of queries has the one that counts.
 *
 * @param towers The two encoders.
 * @param folder Folder; made if absent.
 * @param options How the weights are stored.
 * @throws {RangeError} If their vectors have different lengths, or one's alone are
 * compared by cosines.
 *
 * @example Usage
 * ```ts
 * import {
 *   bertConfig, createEncoder, createTokenizer, encodeTexts, loadTowers, saveTowers,
 *   trainTokenizer,
 * } from "@tdro/tdro/model";
 * import { useBackend } from "@tdro/tdro/backend";
 * import { createRng } from "@tdro/tdro/sampling";
 * import assert from "node:assert/strict";
 *
 * await useBackend("wasm");
 * const tokenizer = createTokenizer(trainTokenizer(["red green", "green blue"]));
 * const encoder = (layers: number) =>
 *   createEncoder(
 *     bertConfig({
 *       vocabSize: tokenizer.vocabSize, hiddenSize: 8, layers, heads: 2, intermediateSize: 16,
 *     }),
 *     tokenizer,
 *     { rng: createRng(layers, "model"), modules: { pooling: "mean", normalize: true } },
 *   );
 * const towers = { query: encoder(1), passage: encoder(2) };
 * const folder = await Deno.makeTempDir();
 * await saveTowers(towers, folder);
 * const again = await loadTowers(folder);
 * assert.equal(again.query.config.layers, 1);
 * assert.deepEqual(await encodeTexts(again.passage, ["red"]), await encodeTexts(towers.passage, ["red"]));
 * ```
 */
export async function saveTowers(
  towers: Towers,
  folder: string,
  { passageModel, ...options }: SaveTowersOptions = {},
): Promise<void> {
  const [a, b] = [embeddingSize(towers.query), embeddingSize(towers.passage)];
  if (a !== b) {
    throw new RangeError(
      `Cannot save two encoders as one model: their vectors must have one length: got ${a} for queries and ${b} for passages`,
    );
  }
  const sides = {
    query: await saveSide(towers, folder, { ...options, side: "query" }),
    passage: await saveSide(towers, folder, { ...options, side: "passage" }),
  };
  const { tdro, ...settings } = settingsFile(commonSettings(towers));
  await writeJson(join(folder, SETTINGS_FILE), {
    ...settings,
    tdro: passageModel === undefined ? tdro : { ...tdro ?? {}, passageModel },
  });
  await writeJson(join(folder, ROUTER_FILE), routerFile(sides));
  // Last: it is what makes a folder one of theirs.
  await writeJson(join(folder, "modules.json"), [{
    idx: 0,
    name: "0",
    path: "",
    type: "sentence_transformers.models.Router",
  }]);
}

/** What is said of both together; what can't be said of both is refused. */
function commonSettings({ query, passage }: Towers): ModulesConfig {
  const sides = [query.modules, passage.modules];
  const cosine =
    sides.filter(({ normalize, similarity }) =>
      normalize || similarity === "cosine"
    ).length;
  if (cosine === 1 && sides.some(({ similarity }) => similarity === "cosine")) {
    throw new RangeError(
      "Cannot save two encoders as one model: both must be compared by cosines, or neither: got one",
    );
  }
  return {
    ...query.modules,
    prompts: { ...passage.modules.prompts, ...query.modules.prompts },
    ...cosine === 2 && { similarity: "cosine" as const },
    // The vectors of both have this length, so that no other is cut.
    dim: query.modules.dim ?? passage.modules.dim,
  };
}

/**
 * Saves one side as a model of its own, in the folder of its first module, and takes
 * the others' folders out of it.
 */
async function saveSide(
  towers: Towers,
  folder: string,
  { side, ...options }: SaveEncoderOptions & { side: Side },
): Promise<ModuleEntry[]> {
  const route = ROUTES[side];
  const first = { kind: "Transformer", path: `${route}_0_Transformer` };
  const transformer = join(folder, first.path);
  await saveEncoder(towers[side], transformer, options);
  const entries = [first];
  for (const { kind, path } of (await readModuleList(transformer))!.slice(1)) {
    const own = `${route}_${path}`;
    await Deno.rename(join(transformer, path), join(folder, own));
    entries.push({ kind, path: own });
  }
  for (const file of ["modules.json", SETTINGS_FILE]) {
    await Deno.remove(join(transformer, file));
  }
  return entries;
}
