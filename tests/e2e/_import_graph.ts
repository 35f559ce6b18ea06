/**
 * Draws which module imports which, from `deno info`, and puts it into
 * docs/architecture.md: `deno task graph`.
 */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { ROOT } from "../_paths.ts";

/** The page that has the graph. */
export const PAGE = `${ROOT}docs/architecture.md`;

/** Who imports whom: at run time, or no more than types. */
export interface RoomImport {
  from: string;
  to: string;
  typeOnly: boolean;
}

interface Info {
  modules: {
    specifier: string;
    dependencies?: {
      code?: { specifier?: string };
      type?: { specifier?: string };
    }[];
  }[];
}

/** The folder of lib that a file is in; undefined for all others. */
function roomOf(specifier: string): string | undefined {
  const root = pathToFileURL(`${ROOT}lib/`).href;
  if (!specifier.startsWith(root)) return;
  return /^([a-z]\w*)\//.exec(specifier.slice(root.length))?.[1];
}

/** Imports between folders of lib, in the order of their names. */
export async function roomImports(): Promise<RoomImport[]> {
  const found = new Map<string, RoomImport>();
  // The root's mod.ts leaves the command line out.
  for (const entry of ["mod.ts", "lib/cli/mod.ts"]) {
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      { args: ["info", "--json", entry], cwd: ROOT },
    ).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as Info;
    for (const { specifier, dependencies = [] } of modules) {
      const from = roomOf(specifier);
      for (const { code, type } of dependencies) {
        const to = roomOf((code ?? type)?.specifier ?? "");
        if (!from || !to || from === to) continue;
        const key = `${from} ${to}`;
        const typeOnly = !code && (found.get(key)?.typeOnly ?? true);
        found.set(key, { from, to, typeOnly });
      }
    }
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, entry]) =>
    entry
  );
}

/**
 * The imports as a Mermaid graph. What imports or is imported by nearly all, the
 * command line and base, is left out: the text beside the graph says so.
 */
export function mermaid(imports: readonly RoomImport[]): string {
  const lines = imports
    .filter(({ from, to }) => from !== "cli" && to !== "base")
    .map(({ from, to, typeOnly }) =>
      `  ${from} ${typeOnly ? "-.->" : "-->"} ${to}\n`
    );
  return `graph LR\n${lines.join("")}`;
}

/** The page with its Mermaid block replaced. */
export function withGraph(page: string, graph: string): string {
  const blocks = page.match(/^```mermaid\n[\s\S]*?^```$/gm) ?? [];
  assert.equal(blocks.length, 1, "the page must have one Mermaid block");
  return page.replace(blocks[0], () => `\`\`\`mermaid\n${graph}\`\`\``);
}

if (import.meta.main) {
  const page = await Deno.readTextFile(PAGE);
  await Deno.writeTextFile(PAGE, withGraph(page, mermaid(await roomImports())));
}
