/**
 * The stores' packages, tried in processes of their own, so that none gets into the
 * lock file. Run by itself it fetches them: deno run -A tests/search/stores/_packages.ts
 */
import { LANCEDB_VERSION } from "../../../lib/search/mod.ts";
import { MILVUS_PACKAGE } from "../../../lib/search/stores/milvus_client.ts";
import { PG_PACKAGES } from "../../../lib/search/stores/pg_client.ts";
import { ROOT } from "../../_paths.ts";

export const LANCE = [`npm:@lancedb/lancedb@${LANCEDB_VERSION}`];
export const PGLITE = [PG_PACKAGES.pglite, PG_PACKAGES.vector];
export const MILVUS = [MILVUS_PACKAGE];

/** Deno, with what is on this machine. */
export async function apart(
  [command, ...args]: string[],
  env: Record<string, string> = {},
): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command!, "--no-lock", "--cached-only", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Whether packages are on this machine. */
export async function hasPackages(
  specifiers: readonly string[],
): Promise<boolean> {
  const imports = specifiers.map((s) => `await import("${s}");`).join(" ");
  return (await apart(["eval", imports])).success;
}

if (import.meta.main) {
  // Each as the tests import it: together they may get other versions of what they
  // share, which aren't there when one is imported alone.
  for (const packages of [LANCE, PGLITE, MILVUS]) {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["cache", "--no-lock", ...packages],
      cwd: ROOT,
    }).spawn().status;
    if (code !== 0) Deno.exit(code);
  }
}
