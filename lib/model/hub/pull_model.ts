import { join } from "node:path";
import {
  type DownloadProgress as PullProgress,
  fetchHubFiles,
  hubCommit,
  type HubFile,
  type HubOptions,
  type HubRepo,
  listHubFiles,
} from "../../base/hub_files.ts";
import { shellWord } from "../../base/shell_word.ts";
import { writeWhole } from "../../base/files/write_whole.ts";

/** Options for {@linkcode pullModel}. */
export interface PullModelOptions extends HubOptions {
  /** Branch, tag or commit. @default {"main"} */
  revision?: string;
}

export type { PullProgress };

/** What {@linkcode pullModel} fetched, also written as `tdro_source.json`. */
export interface ModelSource {
  /** Name on the hub. */
  id: string;
  /** The revision that was asked for. */
  revision: string;
  /** The commit that it stood for, if the hub told. */
  commit?: string;
  /** Each file with its size and SHA-256. */
  files: { path: string; bytes: number; sha256: string }[];
}

/** What an encoder needs: not the other frameworks' weights and exports. */
const WANTED =
  /^(?!(onnx|openvino|coreml|tflite|gguf)\/)(.*\/)?([\w.-]+\.json|[\w.-]*\.safetensors|vocab\.txt|merges\.txt|[\w.-]*\.model|README\.md|LICEN[CS]E[\w.]*)$/;

/**
 * Fetches a model from the Hugging Face hub, or a mirror of it, into a folder
 * that `loadEncoder()` opens. All files are of the commit that the revision stands
 * for at the start; what was begun goes on where it stopped; a file appears under
 * its name only when whole and of the size and hash that the hub lists. A server
 * that is busy or silent is tried again for some time.
 *
 * @param id Name on the hub, e.g. `"sentence-transformers/all-MiniLM-L6-v2"`.
 * @param folder Folder to fill; made if absent.
 * @param options Revision, mirror, token.
 * @returns Progress; in the end, what was fetched.
 * @throws {SyntaxError} If the name isn't one, or the hub lists a file whose path
 * leaves the folder, or that has no proper size or hash.
 * @throws {RangeError} If the hub can't be reached, has no such model, or the
 * model has no safetensors weights; the message says what to do.
 *
 * @example Usage
 * ```ts
 * import { pullModel } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(pullModel("not a name", "models/x").next(), SyntaxError);
 * ```
 */
export async function* pullModel(
  id: string,
  folder: string,
  options: PullModelOptions = {},
): AsyncGenerator<PullProgress, ModelSource, undefined> {
  const { revision = "main", ...where } = options;
  const asked: HubRepo = { type: "model", id, revision };
  const commit = await hubCommit(asked, where);
  const repo = { ...asked, revision: commit ?? revision };
  const listed = await listModelFiles(repo, { ...where, folder });
  const files = yield* fetchHubFiles([{ repo, files: listed, folder }], where);
  const source: ModelSource = commit === undefined
    ? { id, revision, files }
    : { id, revision, commit, files };
  await writeWhole(
    join(folder, "tdro_source.json"),
    `${JSON.stringify(source, null, 2)}\n`,
  );
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  yield { stage: "download", label: id, done: total, total };
  return source;
}

async function listModelFiles(
  repo: HubRepo,
  { folder, ...where }: HubOptions & { folder: string },
): Promise<HubFile[]> {
  const files = await listHubFiles(repo, {
    ...where,
    wanted: (path) => WANTED.test(path),
  });
  if (!files.some(({ path }) => path.endsWith(".safetensors"))) {
    throw new RangeError(
      `Cannot pull ${repo.id}: it has no .safetensors weights; ask for another revision, or let Python fetch and convert it: python3 -c "import sys; from sentence_transformers import SentenceTransformer; SentenceTransformer(sys.argv[1]).save(sys.argv[2])" ${repo.id} ${
        shellWord(folder)
      }`,
    );
  }
  // Small ones first: a wrong model shows before its weights are fetched.
  return files.sort((a, b) => a.bytes - b.bytes);
}
