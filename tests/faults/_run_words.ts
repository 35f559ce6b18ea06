import { captured } from "../cli/_capture.ts";
import { fail } from "../../lib/cli/fail.ts";
import { main } from "../../lib/cli/mod.ts";
import { setUp } from "./_set_up.ts";

/** What a command line came to. */
export interface Ended {
  code: number;
  err: string;
}

/** What has no command of its own, or one that does more than a test wants. */
const OTHERS: Record<string, (words: readonly string[]) => Promise<void>> = {
  "set-up": setUp,
  "encode-to-file": encodeLines,
};

/** Runs a command line in the present folder, or a function that has none. */
export async function runWords(words: readonly string[]): Promise<Ended> {
  const io = captured();
  const [name, ...rest] = words;
  const other = OTHERS[name!];
  if (!other) return { code: await main([...words], io), err: io.complaints };
  try {
    await other(rest);
    return { code: 0, err: "" };
  } catch (error) {
    return { code: fail(error, io), err: io.complaints };
  }
}

async function encodeLines(words: readonly string[]): Promise<void> {
  const [model, texts, path] = words as [string, string, string];
  const { encodeToFile, loadEncoder } = await import("../../lib/model/mod.ts");
  const { useBackend } = await import("../../lib/backend/mod.ts");
  await useBackend("wasm");
  const lines = (await Deno.readTextFile(texts)).split("\n");
  await encodeToFile(await loadEncoder(model), lines, path, { windowTexts: 4 });
}
