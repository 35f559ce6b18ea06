import { captured } from "../cli/_capture.ts";
import { fail } from "../../lib/cli/fail.ts";
import { main } from "../../lib/cli/mod.ts";
import { type StubBody, stubServer } from "../llm/_stub_server.ts";
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
  if (name === "llm") return await askingStub(words, io);
  const other = OTHERS[name!];
  if (!other) return { code: await main([...words], io), err: io.complaints };
  try {
    await other(rest);
    return { code: 0, err: "" };
  } catch (error) {
    return { code: fail(error, io), err: io.complaints };
  }
}

/** A language model that answers the same whenever it is asked. */
async function askingStub(
  words: readonly string[],
  io: ReturnType<typeof captured>,
): Promise<Ended> {
  await using stub = stubServer({ answer });
  const code = await main([...words, "--url", stub.url], io);
  return { code, err: io.complaints };
}

/** What each prompt wants, made of its own words. */
function answer({ messages }: StubBody): string {
  const { content } = messages[1]!;
  const shown = content.split("\n").filter((line) => line.startsWith('{"n":'))
    .map((line) => JSON.parse(line) as { n: number; text: string });
  const own = `${content.length} of ${content.slice(-300, -280)}`;
  if (content.includes('"order" lists')) {
    return JSON.stringify({ order: shown.map(({ n }) => n) });
  }
  if (shown.length > 0 && content.includes("quote")) {
    const passages = shown.map(({ n, text }) => ({
      n,
      answers: n === 2,
      quote: n === 2 ? text : "",
    }));
    return JSON.stringify({ passages });
  }
  if (content.includes("Grade 3")) {
    const grades = [3, 2, 1, 0].map((n) => [`grade${n}`, `grade ${n}: ${own}`]);
    return JSON.stringify(Object.fromEntries(grades));
  }
  const negatives = [{ violates: "colour", text: `a shade, ${own}` }];
  const [, words] = /of a (\w+ \w+)/.exec(content) ?? [];
  return JSON.stringify({
    why: "it does",
    negatives,
    queries: ["tell me of", "where is"].map((so) => `${so} ${words}, ${own}`),
  });
}

async function encodeLines(words: readonly string[]): Promise<void> {
  const [model, texts, path] = words as [string, string, string];
  const { encodeToFile, loadEncoder } = await import("../../lib/model/mod.ts");
  const { useBackend } = await import("../../lib/backend/mod.ts");
  await useBackend("wasm");
  const lines = (await Deno.readTextFile(texts)).split("\n");
  await encodeToFile(await loadEncoder(model), lines, path, { windowTexts: 4 });
}
