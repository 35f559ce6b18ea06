import { captured } from "../cli/_capture.ts";
import { main } from "../../lib/cli/mod.ts";
import { setUp } from "./_set_up.ts";

/** What a command line came to. */
export interface Ended {
  code: number;
  err: string;
}

/** Runs a command line in the present folder, or a function that has none. */
export async function runWords(words: readonly string[]): Promise<Ended> {
  const io = captured();
  if (words[0] === "set-up") return await setUp(words);
  if (words[0] !== "encode-to-file") {
    return { code: await main([...words], io), err: io.complaints };
  }
  const [, model, texts, path] = words as [string, string, string, string];
  const { encodeToFile, loadEncoder } = await import("../../lib/model/mod.ts");
  const { useBackend } = await import("../../lib/backend/mod.ts");
  await useBackend("wasm");
  const lines = (await Deno.readTextFile(texts)).split("\n");
  await encodeToFile(await loadEncoder(model), lines, path, { windowTexts: 4 });
  return { code: 0, err: "" };
}
