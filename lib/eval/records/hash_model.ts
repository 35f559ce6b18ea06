import { createHash } from "node:crypto";
import { CHECKSUMS } from "../../base/files/checksums.ts";
import { compareCodePoints } from "../../base/compare_code_points.ts";
import { hashFile } from "../../base/files/hash_file.ts";
import { modelFolder } from "../../base/files/model_folder.ts";
import type { EvalModel } from "./eval_report.ts";
import { jsonValue } from "../../base/json_value.ts";
import { readText } from "../../base/files/read_text.ts";

/** Files that decide what a model computes. */
const DECISIVE = /\.(json|safetensors|txt|model)$/;

/** Written by `tdro model pull`; says where a model comes from, not what it is. */
const SOURCE = "tdro_source.json";

/** What tdro keeps beside a model's files; `drawn.json` in its first version. */
const BESIDE = new Set([SOURCE, CHECKSUMS, "drawn.json"]);

/**
 * Tells a model apart from every other: the SHA-256 over the names and contents of
 * its configuration, tokenizer and weights; and, if `tdro model pull` fetched it, its name
 * and revision on the hub.
 *
 * @param folder Folder of the model.
 * @returns Name (as given), hash, and revision if known; for a report's `origin`.
 * @throws {Deno.errors.NotFound} If there is no such folder, or no such file in it.
 *
 * @example Usage
 * ```ts
 * import { hashModel } from "@tdro/tdro/eval";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/config.json`, "{}");
 * const before = await hashModel(folder);
 * await Deno.writeTextFile(`${folder}/config.json`, '{"hidden_size": 8}');
 * assert.notEqual((await hashModel(folder)).sha256, before.sha256);
 * ```
 */
export async function hashModel(path: string): Promise<EvalModel> {
  const folder = await modelFolder(path);
  const files = (await listFiles(folder)).filter((path) =>
    DECISIVE.test(path) && !BESIDE.has(path)
  );
  if (files.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot hash model ${folder}: it holds no model (config.json, model.safetensors)`,
    );
  }
  const hash = createHash("sha256");
  for (const path of files.sort(compareCodePoints)) {
    const { sha256 } = await hashFile(`${folder}/${path}`);
    hash.update(`${path}\0${sha256}\n`);
  }
  const revision = await pulledRevision(folder);
  const model: EvalModel = { name: path, sha256: hash.digest("hex") };
  if (revision) model.revision = revision;
  return model;
}

async function listFiles(folder: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of Deno.readDir(`${folder}/${below}`)) {
      if (entry.name.startsWith(".")) continue;
      const path = below + entry.name;
      if (entry.isDirectory) {
        found.push(...await listFiles(folder, `${path}/`));
      } else found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Cannot hash model ${folder}: there is no such folder`,
    );
  }
  return found;
}

async function pulledRevision(folder: string): Promise<string | undefined> {
  try {
    const text = await readText(`${folder}/${SOURCE}`, "none");
    const { id, revision } = jsonValue(text) as Record<string, unknown>;
    return typeof id === "string" ? `${id}@${revision}` : undefined;
  } catch {
    // A model from elsewhere; its hash says which it is.
    return undefined;
  }
}
