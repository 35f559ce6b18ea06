import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gitBlobId, hashFile } from "../../base/files/hash_file.ts";
import {
  type HubFile,
  type HubOptions,
  type HubRepo,
  isHubName,
  listHubFiles,
} from "../../base/hub_files.ts";
import { hubConnection } from "../../base/web/hub_connection.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { modelInfo } from "../config/model_info.ts";
import { WebFault } from "../../base/web/web_fault.ts";
import { uploadFault } from "./upload_fault.ts";

/** Options for {@linkcode pushModel}. */
export interface PushModelOptions extends HubOptions {
  /** Branch to write to. @default {"main"} */
  revision?: string;
  /** Who sees a repository that is made by this. @default {"private"} */
  visibility?: "private" | "public";
  /** Commit message. @default {"Upload a retriever trained with tdro"} */
  message?: string;
  /** Whether files there that differ may be replaced. @default {false} */
  force?: boolean;
}

/** What {@linkcode pushModel} came to. */
export interface PushedModel {
  /** Name on the hub. */
  id: string;
  /** Where people find it. */
  url: string;
  /** The commit that was made; absent if the hub had everything already. */
  commit?: string;
  /** Whether the repository was made by this. */
  created: boolean;
  /** The model's files, with their size in bytes and SHA-256. */
  files: PushedFile[];
}

/** A file of the model. */
export interface PushedFile {
  /** Path in the repository. */
  path: string;
  /** Size. */
  bytes: number;
  /** SHA-256 in hex. */
  sha256: string;
}

/** What stays here: records of this machine, of no use to whoever loads the model. */
const KEPT_BACK = ["checksums.json", "tdro_source.json"];

/**
 * Puts a model's folder on the Hugging Face hub, or a server like it, in one
 * commit. A repository that isn't there yet is made; in one that is, files are
 * replaced only if that is asked for, and no file is removed. Afterwards what the
 * hub lists is compared with what was sent.
 *
 * @param folder Folder of a model that `loadEncoder()` opens.
 * @param id Name on the hub, `"owner/name"`.
 * @param options Branch, visibility, server, token.
 * @returns Progress, in bytes; in the end, what was pushed.
 * @throws {SyntaxError} If the name isn't one, or there is no model in the folder.
 * @throws {RangeError} If there is no token, the hub refuses, or has other files.
 *
 * @example Usage
 * ```ts
 * import { pushModel } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * const push = pushModel("runs/mine/models/top", "nobody", { token: "none" });
 * await assert.rejects(push.next(), /must be a name on the hub/);
 * ```
 */
export async function* pushModel(
  folder: string,
  id: string,
  options: PushModelOptions = {},
): AsyncGenerator<ProgressEvent, PushedModel, undefined> {
  const {
    revision = "main",
    visibility = "private",
    message = "Upload a retriever trained with tdro",
    force = false,
    ...where
  } = options;
  const repo: HubRepo = { type: "model", id, revision };
  checkName(id);
  const hub = hubConnection(repo, { ...where, action: "push to" });
  const { token } = hub;
  if (token === undefined) throw noToken(id);
  await modelInfo(folder); // before anything is sent
  const files = await filesIn(folder);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const stage = "upload";
  yield { stage, label: `asking for ${id}`, done: 0, total };
  const { commitIter, createRepo } = await import("@huggingface/hub");
  const access = {
    repo: { type: "model", name: id },
    accessToken: token,
    hubUrl: hub.endpoint,
    fetch: fetchHere,
  } as const;
  const found = await listedOrNone(repo, where);
  const changed = await filesThatDiffer(folder, files, found ?? []);
  const url = `${hub.endpoint}/${id}`;
  const result = { id, url, created: found === undefined, files };
  if (found && changed.length === 0) return result;
  if (!force) refuseReplacing(id, changed, found ?? []);
  try {
    if (!found) await createRepo({ ...access, visibility });
    const steps = commitIter({
      ...access,
      branch: revision,
      title: message,
      abortSignal: hub.signal,
      useXet: false,
      operations: changed.map(({ path }) => ({
        operation: "addOrUpdate",
        path,
        content: pathToFileURL(join(folder, path)),
      })),
    });
    const sent = new Map<string, number>();
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) {
      if (step.value.event !== "fileProgress") continue;
      const { path, progress, state } = step.value;
      const size = changed.find((file) => file.path === path)?.bytes ?? 0;
      if (state === "uploading") sent.set(path, progress * size);
      const done = Math.round([...sent.values()].reduce((a, b) => a + b, 0));
      yield { stage, label: `${path} (${state})`, done, total };
    }
    const listed = await listHubFiles(repo, { ...where, action: "push to" });
    const [wrong] = await filesThatDiffer(folder, files, listed);
    if (wrong) {
      throw new RangeError(
        `Cannot push to ${id}: the hub lists ${wrong.path} with another hash than it was sent with; push again`,
      );
    }
    return { ...result, commit: step.value?.commit.oid };
  } catch (error) {
    hub.signal?.throwIfAborted();
    throw uploadFault(error, { id, hub });
  }
}

/** As `fetch`; a redirect could lead the model, or the token, elsewhere. */
async function fetchHere(
  ...[address, options]: Parameters<typeof fetch>
): Promise<Response> {
  const response = await fetch(address, { ...options, redirect: "manual" });
  if (response.status < 300 || response.status > 399) return response;
  await response.body?.cancel();
  throw new WebFault("the hub redirects the upload; check the name", {
    status: response.status,
  });
}

function checkName(id: string): void {
  if (id.includes("/") && isHubName(id)) return;
  throw new SyntaxError(
    `Cannot push to ${id}: it must be a name on the hub with its owner, like "owner/model"`,
  );
}

function noToken(id: string): RangeError {
  return new RangeError(
    `Cannot push to ${id}: HF_TOKEN must be set to a token that may write there`,
  );
}

/** The model's files, those in folders too. */
async function filesIn(folder: string, within = ""): Promise<PushedFile[]> {
  const found: PushedFile[] = [];
  for await (const { name, ...kind } of Deno.readDir(join(folder, within))) {
    const path = within ? `${within}/${name}` : name;
    if (name.startsWith(".") || KEPT_BACK.includes(path)) continue;
    if (kind.isDirectory) found.push(...await filesIn(folder, path));
    if (!kind.isFile) continue;
    found.push({ path, ...await hashFile(join(folder, path)) });
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** What the hub lists of the repository; nothing if there is none. */
async function listedOrNone(
  repo: HubRepo,
  where: HubOptions,
): Promise<HubFile[] | undefined> {
  try {
    return await listHubFiles(repo, { ...where, action: "push to" });
  } catch (error) {
    const { cause } = error as Error;
    if (cause instanceof WebFault && cause.status === 404) return undefined;
    throw error;
  }
}

/** Those of the files that the hub doesn't list, or with another content. */
async function filesThatDiffer(
  folder: string,
  files: readonly PushedFile[],
  listed: readonly HubFile[],
): Promise<PushedFile[]> {
  const there = new Map(listed.map((file) => [file.path, file]));
  const differ: PushedFile[] = [];
  for (const file of files) {
    const { sha256, gitBlob } = there.get(file.path) ?? {};
    const same = sha256 !== undefined
      ? sha256 === file.sha256
      : gitBlob !== undefined &&
        gitBlob === await gitBlobId(join(folder, file.path), gitBlob);
    if (!same) differ.push(file);
  }
  return differ;
}

function refuseReplacing(
  id: string,
  changed: readonly PushedFile[],
  listed: readonly HubFile[],
): void {
  const replaced = changed.find(({ path }) =>
    listed.some((file) => file.path === path)
  );
  if (!replaced) return;
  throw new RangeError(
    `Cannot push to ${id}: it has another ${replaced.path}; choose another ` +
      "name, or replace what is there with --force",
  );
}
