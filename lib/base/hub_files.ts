import type { ProgressEvent } from "./progress_event.ts";
import { join } from "node:path";
import { downloadFile } from "./download.ts";

/** A model or data set on the hub, at one revision. */
export interface HubRepo {
  /** Kind of repository. */
  type: "model" | "dataset";
  /** Name on the hub, e.g. `"owner/name"`. */
  id: string;
  /** Branch, tag or commit. */
  revision: string;
}

/** Where and how to reach the hub. */
export interface HubOptions {
  /**
   * Address of the hub or of a mirror. @default {`HF_ENDPOINT`, else the hub's}
   */
  endpoint?: string;
  /** Access token, for what is private or gated. @default {`HF_TOKEN`} */
  token?: string;
  /** Stops the work; downloads go on there the next time. */
  signal?: AbortSignal;
}

/** A file that the hub lists. */
export interface HubFile {
  /** Path in the repository. */
  path: string;
  /** Size. */
  bytes: number;
  /** SHA-256 in hex, where the hub knows one (large files). */
  sha256?: string;
}

/** How far a download is, in bytes of all files; its label is the file at work. */
export interface DownloadProgress extends ProgressEvent {
  /** Part of the work. */
  stage: "download";
}

/** Files of one repository to fetch, and where to. */
export interface HubFetch {
  /** Where they are. */
  repo: HubRepo;
  /** The files. */
  files: readonly HubFile[];
  /** Folder that they are put into, by their paths. */
  folder: string;
}

const HUB = "the hub";

/** What a user can do where the hub can't be reached. */
const BY_HAND = { model: "the model's folder", dataset: "the files" } as const;

/**
 * Lists the files of a repository on the hub or a mirror of it.
 *
 * @throws {SyntaxError} If the name isn't one, or a path leaves the folder.
 * @throws {RangeError} If the hub can't be reached or has no such repository.
 */
export async function listHubFiles(
  repo: HubRepo,
  options: HubOptions = {},
): Promise<HubFile[]> {
  checkHubName(repo);
  const hub = await import("@huggingface/hub");
  const files: HubFile[] = [];
  await reach(repo, options, async (where) => {
    for await (const entry of hub.listFiles({ ...where, recursive: true })) {
      if (entry.type !== "file") continue;
      const file: HubFile = { path: entry.path, bytes: entry.size };
      if (entry.lfs) file.sha256 = entry.lfs.oid.replace("sha256:", "");
      files.push(file);
    }
  });
  for (const { path } of files) {
    if (!/^(?!\/)(?!.*(^|\/)\.\.?(\/|$))(?!.*\\)/.test(path)) {
      throw new SyntaxError(
        `Cannot pull ${repo.id}: the hub lists a file outside the folder: ${
          JSON.stringify(path)
        }; don't use this mirror`,
      );
    }
  }
  return files;
}

/** The commit that a data set's revision stands for, if the hub tells. */
export async function datasetCommit(
  { id, revision }: HubRepo,
  options: HubOptions = {},
): Promise<string | undefined> {
  const { datasetInfo } = await import("@huggingface/hub");
  const { endpoint, token } = withDefaults(options);
  try {
    const { sha } = await datasetInfo({
      name: id,
      revision,
      additionalFields: ["sha"],
      hubUrl: endpoint,
      accessToken: token,
    });
    return typeof sha === "string" && sha !== "" ? sha : undefined;
  } catch {
    // Not every mirror tells; the list of files says what is wrong, if anything.
    return undefined;
  }
}

/**
 * Fetches files from the hub, one after the other. What was begun goes on where it
 * stopped, what is there already isn't fetched again, and a file appears under
 * its name only when whole and of the right checksum.
 */
export async function* fetchHubFiles(
  parts: readonly HubFetch[],
  options: HubOptions = {},
): AsyncGenerator<DownloadProgress, void, undefined> {
  const { fileDownloadInfo } = await import("@huggingface/hub");
  const { token, signal } = withDefaults(options);
  const total = parts.flatMap(({ files }) => files)
    .reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const { repo, files, folder } of parts) {
    for (const { path, bytes, sha256 } of files) {
      yield { stage: "download", label: path, done: before, total };
      const info = await reach(
        repo,
        options,
        (where) => fileDownloadInfo({ ...where, path }),
      );
      if (!info) {
        throw new RangeError(`Cannot pull ${repo.id}: ${path} is gone`);
      }
      const download = events((onProgress) =>
        downloadFile(info.url, join(folder, path), {
          bytes,
          sha256,
          signal,
          headers: token ? { authorization: `Bearer ${token}` } : undefined,
          onProgress,
        })
      );
      for await (const done of download) {
        yield { stage: "download", label: path, done: before + done, total };
      }
      before += bytes;
    }
  }
}

/** Throws unless the repository's name is one. */
export function checkHubName({ type, id }: HubRepo): void {
  if (/^([\w.-]+\/)?[\w.-]+$/.test(id) && !id.includes("..")) return;
  throw new SyntaxError(
    `Cannot pull ${id}: it must be a name on the hub, like "owner/${type}"`,
  );
}

function withDefaults({
  endpoint = Deno.env.get("HF_ENDPOINT"),
  token = Deno.env.get("HF_TOKEN"),
  signal,
}: HubOptions): HubOptions {
  return { endpoint: endpoint?.replace(/\/+$/, ""), token, signal };
}

/** How the hub's client is told where a repository is. */
interface Where {
  repo: { type: "model" | "dataset"; name: string };
  revision: string;
  hubUrl?: string;
  accessToken?: string;
}

/** Runs a request; its failure becomes one line that says what to do. */
async function reach<T>(
  { type, id, revision }: HubRepo,
  options: HubOptions,
  request: (where: Where) => Promise<T>,
): Promise<T> {
  const { endpoint, token } = withDefaults(options);
  try {
    return await request({
      repo: { type, name: id },
      revision,
      hubUrl: endpoint,
      accessToken: token,
    });
  } catch (error) {
    const status = (error as { statusCode?: number }).statusCode;
    const hub = endpoint ?? HUB;
    if (error instanceof Deno.errors.NotCapable) {
      throw new RangeError(
        `Cannot pull ${id}: Deno may not ask ${hub}; run it with --allow-net`,
        { cause: error },
      );
    }
    const said = status === 401 || status === 403 || status === 404
      ? `${hub} has no such ${
        type === "model" ? "model" : "data set"
      }, or it is private; check the name, or set HF_TOKEN`
      : status
      ? `${hub} answers ${status}; try again later`
      : `${hub} can't be reached; set HF_ENDPOINT to a mirror, or copy ${
        BY_HAND[type]
      } here by hand`;
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
