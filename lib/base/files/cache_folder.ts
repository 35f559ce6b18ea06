import { join, resolve } from "node:path";

/**
 * Folder in which tdro keeps what it sets up once per user: the native
 * backend, downloads, models. `TDRO_CACHE` names another one; otherwise the
 * platform's usual place for caches is taken.
 *
 * @param parts Path inside the folder.
 * @returns The absolute path; nothing is created.
 *
 * @example Usage
 * ```ts
 * import { cacheFolder } from "@tdro/tdro/backend";
 * import assert from "node:assert/strict";
 *
 * assert(cacheFolder("models").endsWith("models"));
 * ```
 */
export function cacheFolder(...parts: string[]): string {
  const home = variable("HOME") ?? ".";
  const base = variable("TDRO_CACHE") ??
    (Deno.build.os === "darwin"
      ? join(home, "Library", "Caches", "tdro")
      : join(variable("XDG_CACHE_HOME") ?? join(home, ".cache"), "tdro"));
  // Compilers and linkers are started in other folders.
  return resolve(base, ...parts);
}

/** An empty variable counts as none. */
function variable(name: string): string | undefined {
  return Deno.env.get(name) || undefined;
}
