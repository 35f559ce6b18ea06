import { createRequire } from "node:module";
import { dirname } from "node:path";

/**
 * TypeScript's compiler messages by language: real text in 14 languages that
 * every checkout has.
 */
export function compilerMessages(): Record<string, string[]> {
  const lib = dirname(createRequire(import.meta.url).resolve("typescript"));
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
