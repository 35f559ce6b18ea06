import { join } from "node:path";

/**
 * Folder in which tdro keeps what it sets up once per user: the native
 * backend, downloads, models. `TDRO_CACHE` names another one; otherwise the
 * platform's usual place for caches is taken.
 *
 * @param parts Path inside the folder.
 * @returns The joined path; nothing is created.
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
  const home = Deno.env.get("HOME") ?? ".";
  const base = Deno.env.get("TDRO_CACHE") ??
    (Deno.build.os === "darwin"
      ? join(home, "Library", "Caches", "tdro")
      : join(Deno.env.get("XDG_CACHE_HOME") ?? join(home, ".cache"), "tdro"));
  return join(base, ...parts);
}
