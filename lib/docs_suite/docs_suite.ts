import { exists } from "../base/files/exists.ts";
import { openSuite, type Suite, writeSuite } from "../data/mod.ts";
import {
  buildDocsSuite,
  chooseDocsTasks,
  type DocsSuiteOptions,
} from "./build_docs_suite.ts";
import { sourceVersions } from "./package_folders.ts";

/** Goes up with every change of what the builder makes of its sources. */
const BUILDER = 1;

/** File in the suite's folder that says what it was built from. */
const FINGERPRINT = "built_from.json";

/**
 * Opens the docs suite from a folder, and builds it there first if it isn't
 * there or was built from other versions of Deno, the packages or the builder
 * (see {@linkcode buildDocsSuite}). The folder appears only when whole.
 *
 * @param folder Where the suite is kept.
 * @param options Which tasks to open; all are built.
 * @returns The suite, named `docs`.
 * @throws {RangeError} If the folder holds something else, or a task asked for
 * doesn't exist.
 *
 * @example Usage
 * ```ts
 * import { docsSuite } from "@tdro/tdro/docs-suite";
 * import assert from "node:assert/strict";
 *
 * const folder = `${await Deno.makeTempDir()}/docs`;
 * const built = await docsSuite(folder, { tasks: ["es-lib"] });
 * const opened = await docsSuite(folder, { tasks: ["es-lib"] });
 * assert.deepEqual(opened, built);
 * ```
 */
export async function docsSuite(
  folder: string,
  { tasks }: DocsSuiteOptions = {},
): Promise<Suite> {
  const names = chooseDocsTasks(tasks);
  const fingerprint = await docsFingerprint();
  if (await savedFingerprint(folder) !== fingerprint) {
    const suite = await buildDocsSuite();
    try {
      await writeSuite(suite, folder, {
        overwrite: true,
        files: { [FINGERPRINT]: fingerprint },
      });
    } catch (error) {
      // Another process may have been quicker; what it wrote is the same.
      if (await savedFingerprint(folder) !== fingerprint) throw error;
    }
  }
  return await openSuite(folder, { tasks: names });
}

async function docsFingerprint(): Promise<string> {
  const content = { builder: BUILDER, sources: await sourceVersions() };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** What a folder was built from; `undefined` if there is no such folder. */
async function savedFingerprint(folder: string): Promise<string | undefined> {
  const path = `${folder}/${FINGERPRINT}`;
  if (await exists(path)) return await Deno.readTextFile(path);
  if (!await exists(folder)) return undefined;
  // Not to be replaced: it isn't ours.
  if ((await Array.fromAsync(Deno.readDir(folder))).length === 0) return;
  throw new RangeError(
    `Cannot keep the docs suite in ${folder}: the folder holds something else; choose a new or empty one`,
  );
}
