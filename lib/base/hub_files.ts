import type { ProgressEvent } from "./progress_event.ts";
import { join } from "node:path";
import { download, withMend } from "./download.ts";
import { askJson } from "./web/ask_json.ts";
import {
  accessProblem,
  hubConnection,
  hubError,
  type HubOptions,
  type HubRepo,
} from "./web/hub_connection.ts";
import { type HubFile, listedFiles } from "./web/listed_files.ts";
import { listPages } from "./web/list_pages.ts";
import { pause } from "./web/retry.ts";
import { WebFault } from "./web/web_fault.ts";

export type { HubFile, HubOptions, HubRepo };

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

/** A file that was fetched. */
export interface FetchedFile {
  /** Path in the repository. */
  path: string;
  /** Size. */
  bytes: number;
  /** SHA-256 in hex. */
  sha256: string;
}

/**
 * Lists those files of a repository on the hub, or a mirror of it, that are wanted.
 *
 * @throws {SyntaxError} If the name isn't one, or what is listed of a wanted file
 * can't be trusted: its path leaves the folder, or it has no proper size or hash.
 * @throws {RangeError} If the hub can't be reached or has no such repository.
 */
export async function listHubFiles(
  repo: HubRepo,
  { wanted = () => true, ...options }: HubOptions & {
    wanted?: (path: string) => boolean;
  } = {},
): Promise<HubFile[]> {
  checkHubName(repo);
  const hub = hubConnection(repo, options);
  const url = `${apiOf(hub, repo)}/tree/${
    encodeURIComponent(repo.revision)
  }?recursive=true&expand=false`;
  try {
    return await listedFiles(listPages(url, hub), wanted);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw hubError(error, repo, hub);
    throw new SyntaxError(
      `Cannot ${hub.action} ${repo.id}: the hub ${error.message}; don't use this mirror`,
      { cause: error },
    );
  }
}

/** Most bytes of what the hub says about a repository. */
const MAX_INFO_BYTES = 16 << 20;

/**
 * The commit that a revision stands for, if the hub tells: not every mirror does.
 *
 * @throws {RangeError} If the hub can't be reached.
 */
export async function hubCommit(
  repo: HubRepo,
  options: HubOptions = {},
): Promise<string | undefined> {
  checkHubName(repo);
  const hub = hubConnection(repo, options);
  const url = `${apiOf(hub, repo)}/revision/${
    encodeURIComponent(repo.revision)
  }?expand=sha`;
  try {
    const { value } = await askJson(url, { ...hub, maxBytes: MAX_INFO_BYTES });
    const sha = (value as { sha?: unknown } | null)?.sha;
    const isCommit = typeof sha === "string" && /^[0-9a-f]{40,64}$/.test(sha);
    return isCommit ? sha : undefined;
  } catch (error) {
    // The list of files says what is wrong, if anything.
    if (error instanceof WebFault && !error.passing) return undefined;
    throw hubError(error, repo, hub);
  }
}

/** Where the hub answers questions about a repository. */
function apiOf({ endpoint }: { endpoint: string }, { type, id }: HubRepo) {
  return `${endpoint}/api/${type}s/${id}`;
}

/**
 * Fetches files from the hub, one after the other. What was begun goes on where it
 * stopped, what is there already isn't fetched again, and a file appears under
 * its name only when whole and of the hash that the hub lists.
 *
 * @returns Progress; in the end, the files with their SHA-256.
 */
export async function* fetchHubFiles(
  parts: readonly HubFetch[],
  options: HubOptions = {},
): AsyncGenerator<DownloadProgress, FetchedFile[], undefined> {
  const fetched: FetchedFile[] = [];
  const jobs = parts.flatMap(({ files, ...where }) =>
    files.map((file) => ({ ...where, file }))
  );
  const total = jobs.reduce((sum, { file }) => sum + file.bytes, 0);
  let before = 0;
  for (const job of jobs) {
    const label = job.file.path;
    yield { stage: "download", label, done: before, total };
    const work = moments((tell) => fetchHubFile(job, options, tell));
    let next = await work.next();
    for (; !next.done; next = await work.next()) {
      const { done, note } = next.value;
      yield { stage: "download", label, done: before + done, total, note };
    }
    fetched.push(next.value);
    before += job.file.bytes;
  }
  return fetched;
}

async function fetchHubFile(
  { repo, file, folder }: { repo: HubRepo; file: HubFile; folder: string },
  { wait = pause, ...options }: HubOptions,
  tell: (change: Partial<Moment>) => void,
): Promise<FetchedFile> {
  const { path, ...expected } = file;
  const { secret, ...hub } = hubConnection(repo, options);
  const target = join(folder, path);
  try {
    const { bytes, sha256 } = await download(
      addressOf(hub, repo, path),
      target,
      {
        ...hub,
        ...expected,
        headers: secret,
        onProgress: (done) => tell({ done }),
        async wait(ms, signal) {
          tell({ note: `trying again in ${Math.ceil(ms / 1000)} s` });
          await wait(ms, signal);
          tell({ note: undefined });
        },
      },
    );
    return { path, bytes, sha256 };
  } catch (error) {
    if (!(error instanceof WebFault)) throw error;
    const said = accessProblem(error, repo.type, { ...hub, secret }) ??
      withMend(error, target);
    throw new RangeError(`Cannot pull ${repo.id}: ${path}: ${said}`, {
      cause: error,
    });
  }
}

/** Where a file's bytes are. */
function addressOf(
  { endpoint }: { endpoint: string },
  { type, id, revision }: HubRepo,
  path: string,
): string {
  const names = [revision, ...path.split("/")].map(encodeURIComponent);
  const kind = type === "model" ? "" : "datasets/";
  return `${endpoint}/${kind}${id}/resolve/${names.join("/")}`;
}

/** Whether a text can be a repository's name, with or without its owner. */
export function isHubName(id: string): boolean {
  return /^([\w.-]+\/)?[\w.-]+$/.test(id) && !/(^|\/)\.|\.\./.test(id);
}

/** Throws unless the repository's name is one. */
export function checkHubName({ type, id }: HubRepo): void {
  if (isHubName(id)) return;
  throw new SyntaxError(
    `Cannot pull ${id}: it must be a name on the hub, like "owner/${type}"`,
  );
}

/** How far a file is. */
interface Moment {
  done: number;
  note?: string;
}

/** What a callback is told, as a generator; at most 10 times a second. */
async function* moments<T>(
  run: (tell: (change: Partial<Moment>) => void) => Promise<T>,
): AsyncGenerator<Moment, T, undefined> {
  let latest: Moment = { done: 0 };
  let over = false;
  const work = run((change) => latest = { ...latest, ...change })
    .finally(() => over = true);
  while (!over) {
    await Promise.race([
      work,
      new Promise((resume) => setTimeout(resume, 100)),
    ]);
    yield latest;
  }
  return await work;
}
