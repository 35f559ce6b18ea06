import { join } from "node:path";
import { passageText } from "../../lib/data/mod.ts";
import { buildDocsSuite } from "../../lib/docs_suite/mod.ts";

/** Real passages, and real queries; written down for the peer. */
export async function bm25Texts(
  quick: boolean,
  folder: string,
): Promise<{ passages: string[]; queries: string[] }> {
  const suite = await buildDocsSuite();
  const real = suite.tasks.flatMap((task) =>
    [...task.corpus.values()].map(passageText)
  );
  // There are fewer than 30,000: the rest are two of them, one after the other.
  const passages = Array.from(
    { length: quick ? 3000 : 30_000 },
    (_, i) =>
      i < real.length
        ? real[i]!
        : `${real[i % real.length]} ${real[i * 31 % real.length]}`,
  );
  const queries = suite.tasks.flatMap((task) =>
    [...task.queries.values()].map(({ text }) => text)
  ).filter((_, i) => i % 7 === 0).slice(0, quick ? 200 : 1000);
  await Deno.writeTextFile(
    join(folder, "bm25.json"),
    JSON.stringify({ passages, queries }),
  );
  return { passages, queries };
}
