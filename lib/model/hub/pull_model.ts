import { join } from "node:path";
import { downloadFile } from "../../data/download.ts";
import { writeWhole } from "../../data/write_whole.ts";

/** Options for {@linkcode pullModel}. */
export interface PullModelOptions {
  /** Branch, tag or commit. @default {"main"} */
  revision?: string;
  /**
   * Address of the hub or of a mirror. @default {`HF_ENDPOINT`, else the hub's}
   */
  endpoint?: string;
  /** Access token, for private models. @default {`HF_TOKEN`} */
  token?: string;
  /** Stops the download; it goes on there the next time. */
  signal?: AbortSignal;
}

/** How far a download is. */
export interface PullProgress {
  /** Part of the work. */
  stage: "download";
  /** The file at work. */
  label: string;
  /** Bytes of all files so far. */
  done: number;
  /** Bytes of all files. */
  total: number;
}

/** What {@linkcode pullModel} fetched, also written as `tdro_source.json`. */
export interface ModelSource {
  /** Name on the hub. */
  id: string;
  /** The revision that was asked for. */
  revision: string;
  /** Each file with its size and SHA-256 (hub's own where it knows one). */
  files: { path: string; bytes: number; sha256?: string }[];
}

/** A file that the hub lists. */
interface HubFile {
  path: string;
  bytes: number;
  sha256?: string;
}

/** What an encoder needs: not the other frameworks' weights and exports. */
const WANTED =
  /^(?!(onnx|openvino|coreml|tflite|gguf)\/)(.*\/)?([\w.-]+\.json|[\w.-]*\.safetensors|vocab\.txt|merges\.txt|[\w.-]*\.model|README\.md|LICEN[CS]E[\w.]*)$/;

/**
 * Fetches a model from the Hugging Face hub, or a mirror of it, into a folder
 * that `loadEncoder()` opens. What was begun goes on where it stopped; sizes
 * and checksums are those that the hub tells; a file appears under its name
 * only when whole.
 *
 * @param id Name on the hub, e.g. `"sentence-transformers/all-MiniLM-L6-v2"`.
 * @param folder Folder to fill; made if absent.
 * @param options Revision, mirror, token.
 * @returns Progress; in the end, what was fetched.
 * @throws {SyntaxError} If the name isn't one, or a listed path leaves the folder.
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
  if (!/^([\w.-]+\/)?[\w.-]+$/.test(id) || id.includes("..")) {
    throw new SyntaxError(
      `Cannot pull ${id}: it must be a name on the hub, like "owner/model"`,
    );
  }
  const {
    revision = "main",
    endpoint = Deno.env.get("HF_ENDPOINT"),
    token = Deno.env.get("HF_TOKEN"),
    signal,
  } = options;
  const hub = await import("@huggingface/hub");
  const where = {
    repo: { type: "model", name: id } as const,
    revision,
    ...(endpoint ? { hubUrl: endpoint.replace(/\/+$/, "") } : {}),
    ...(token ? { accessToken: token } : {}),
  };
  const files = await list(hub, id, where);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const { path, bytes, sha256 } of files) {
    yield { stage: "download", label: path, done: before, total };
    const info = await reach(
      id,
      endpoint,
      () => hub.fileDownloadInfo({ ...where, path }),
    );
    if (!info) throw new RangeError(`Cannot pull ${id}: ${path} is gone`);
    const download = events((onProgress) =>
      downloadFile(info.url, join(folder, path), {
        bytes,
        ...(sha256 ? { sha256 } : {}),
        ...(signal ? { signal } : {}),
        ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}),
        onProgress,
      })
    );
    for await (const done of download) {
      yield { stage: "download", label: path, done: before + done, total };
    }
    before += bytes;
  }
  const source: ModelSource = { id, revision, files };
  await writeWhole(
    join(folder, "tdro_source.json"),
    `${JSON.stringify(source, null, 2)}\n`,
  );
  yield { stage: "download", label: id, done: total, total };
  return source;
}

async function list(
  hub: typeof import("@huggingface/hub"),
  id: string,
  where: Parameters<typeof hub.listFiles>[0],
): Promise<HubFile[]> {
  const files: HubFile[] = [];
  await reach(id, where.hubUrl, async () => {
    for await (const entry of hub.listFiles({ ...where, recursive: true })) {
      if (entry.type !== "file" || !WANTED.test(entry.path)) continue;
      files.push({
        path: entry.path,
        bytes: entry.size,
        ...(entry.lfs ? { sha256: entry.lfs.oid.replace("sha256:", "") } : {}),
      });
    }
  });
  for (const { path } of files) {
    if (!/^(?!\/)(?!.*(^|\/)\.\.?(\/|$))(?!.*\\)/.test(path)) {
      throw new SyntaxError(
        `Cannot pull ${id}: the hub lists a file outside the folder: ${
          JSON.stringify(path)
        }; don't use this mirror`,
      );
    }
  }
  if (!files.some(({ path }) => path.endsWith(".safetensors"))) {
    throw new RangeError(
      `Cannot pull ${id}: it has no .safetensors weights; ask for another revision, or convert its weights with transformers' save_pretrained()`,
    );
  }
  // Small ones first: a wrong model shows before its weights are fetched.
  return files.sort((a, b) => a.bytes - b.bytes);
}

/** Runs a request; its failure becomes one line that says what to do. */
async function reach<T>(
  id: string,
  endpoint: string | undefined,
  request: () => Promise<T>,
): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const status = (error as { statusCode?: number }).statusCode;
    const hub = endpoint ?? "the hub";
    const said = status === 401 || status === 403 || status === 404
      ? `${hub} has no such model, or it is private; check the name, or set HF_TOKEN`
      : status
      ? `${hub} answers ${status}; try again later`
      : `${hub} can't be reached; set HF_ENDPOINT to a mirror, or copy the model's folder here by hand`;
    throw new RangeError(`Cannot pull ${id}: ${said}`, { cause: error });
  }
}

/** What a callback is told, as a generator; at most 10 times a second. */
async function* events(
  run: (onProgress: (done: number) => void) => Promise<unknown>,
): AsyncGenerator<number> {
  let latest = 0;
  let over = false;
  const work = run((done) => latest = done).finally(() => over = true);
  while (!over) {
    await Promise.race([
      work,
      new Promise((resume) => setTimeout(resume, 100)),
    ]);
    yield latest;
  }
  await work;
}
