/**
 * Records the answers that notebook 09 replays. They are those of a stand-in that
 * follows a few rules, not of a language model: `deno run -A tests/e2e/_record_answers.ts`
 * writes notebooks/09_language_model_data.answers.jsonl anew, after a change of a
 * prompt or of the notebook.
 */
import { taskFromFile } from "../../lib/data/mod.ts";
import {
  generateNegatives,
  generateQueries,
  judgeNegatives,
  openLlm,
} from "../../lib/llm/mod.ts";
import { createRng } from "../../lib/sampling/mod.ts";
import { mineHardNegatives } from "../../lib/search/mod.ts";
import { type StubBody, stubServer } from "../llm/_stub_server.ts";
import { ROOT } from "../_paths.ts";

/** Words that tell what a text is about. */
function words(text: string): string[] {
  const all = text.toLowerCase().match(/[a-z0-9@]{3,}/g) ?? [];
  return [...new Set(all.filter((word) => !DULL.has(word)))];
}

const DULL = new Set(
  "the and are what how why does can which that its for with not this from one has have they when"
    .split(" "),
);

/** The fields of the data in a prompt; lists are lists. */
function dataOf({ messages }: StubBody): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  let list: unknown[] | undefined;
  for (const line of messages[1]!.content.split("\nDATA\n")[1]!.split("\n")) {
    const [, key, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (key === undefined) list?.push(JSON.parse(line));
    else if (value) data[key] = JSON.parse(value);
    else data[key] = list = [];
  }
  return data;
}

/** How many of the query's words a text has. */
const shared = (query: string, text: string) => {
  const own = new Set(words(text));
  return words(query).filter((word) => own.has(word)).length;
};

/** What the stand-in says, by the fields that it is given. */
function answer(body: StubBody): string {
  const data = dataOf(body) as {
    query: string;
    passages?: { n: number; text: string }[];
    passage?: string;
    wishes?: unknown[];
    positive?: string;
    count?: number;
  };
  const { query, passages, passage, wishes, positive, count } = data;
  if (passages && body.messages[1]!.content.startsWith("Put")) {
    const order = passages.toSorted((a, b) =>
      shared(query, b.text) - shared(query, a.text) || a.n - b.n
    );
    return JSON.stringify({ order: order.map(({ n }) => n) });
  }
  if (passages) {
    return JSON.stringify({
      passages: passages.map(({ n, text }) => {
        const answers = shared(query, text) >= words(query).length / 2;
        return { n, answers, quote: answers ? text.split(/[.:;]/)[0] : "" };
      }),
    });
  }
  if (passage && wishes) {
    const about = words(passage);
    return JSON.stringify({
      queries: wishes.map((_, i) =>
        `what about ${about.slice(3 * i, 3 * i + 4).join(" ")}`
      ),
    });
  }
  const about = words(query);
  return JSON.stringify({
    why: `it tells of ${about.join(", ")}`,
    negatives: Array.from({ length: count! }, (_, i) => {
      const word = about[i % about.length] ?? "it";
      const other = positive!.replaceAll(
        new RegExp(word, "gi"),
        "something else",
      );
      return {
        violates: word,
        text: `${other} That is all that is known of ${word}.`,
      };
    }),
  });
}

const task = await taskFromFile(`${ROOT}examples/faq.csv`, { seed: 42 });
await using server = stubServer({
  answer,
  models: () => Response.json({ data: [{ id: "stand-in" }] }),
});
const answers = `${ROOT}notebooks/09_language_model_data.answers.jsonl`;
await Deno.remove(answers).catch(() => {});
await using llm = await openLlm({
  llm: "stand-in",
  url: server.url,
  answers,
  concurrency: 1, // so that the lines come in one order
  note: console.log,
});
const { negatives } = await mineHardNegatives(task, {
  rng: createRng(42, "mine"),
  count: 4,
});
for (
  const work of [
    judgeNegatives(llm, task, negatives, { rng: createRng(42, "judge") }),
    generateQueries(llm, task, {
      rng: createRng(42, "queries"),
      passages: 12,
    }),
    generateNegatives(llm, task, {
      rng: createRng(42, "negatives"),
      count: 2,
    }),
  ]
) {
  let next = await work.next();
  while (!next.done) next = await work.next();
  console.log(next.value.failed.length, "failed");
}
console.log(llm.record.size, "answers", llm.spent);
