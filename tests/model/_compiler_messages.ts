import { dirname, join } from "node:path";
// Only so that the package is fetched; its main module is 9 MB of code.
import "typescript/package.json" with { type: "json" };
import { fromFileUrl } from "../_paths.ts";

/**
 * TypeScript's compiler messages by language: real text in 14 languages that
 * every checkout has.
 */
export function compilerMessages(): Record<string, string[]> {
  const manifest = new URL(import.meta.resolve("typescript/package.json"));
  const lib = join(dirname(fromFileUrl(manifest)), "lib");
  const messages: Record<string, string[]> = {};
  for (const { name, isDirectory } of Deno.readDirSync(lib)) {
    if (!isDirectory) continue;
    const entries: Record<string, string> = JSON.parse(
      Deno.readTextFileSync(`${lib}/${name}/diagnosticMessages.generated.json`),
    );
    messages[name] = Object.values(entries);
    // The keys are the English messages, with marks for what isn't a letter.
    messages.en ??= Object.keys(entries).map((key) => key.replaceAll("_", " "));
  }
  return messages;
}
