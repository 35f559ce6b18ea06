import assert from "node:assert/strict";
import { generateQueries, openLlm } from "../../../lib/llm/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { toySuite } from "../../_toy_suite.ts";
import { type StubBody, stubServer } from "../_stub_server.ts";

/** The passage and wishes in a prompt. */
function dataIn({ messages }: StubBody) {
  const data = messages[1]!.content.split("\nDATA\n")[1]!.split("\n");
  return {
    passage: JSON.parse(data[0]!.replace("passage: ", "")) as string,
    wishes: data.slice(2).filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line)),
  };
}

const LONG =
  "The keeper of the old lighthouse slept through the whole storm of 1874";

Deno.test("queries are kept if they find their passage, aren't copied, and are new", async () => {
  const [task] = toySuite().tasks;
  task!.corpus.set("long", { id: "long", text: LONG });
  const test = [...task!.qrels.test!.keys()][0]!;
  await using stub = stubServer({
    answer: (body) => {
      const { passage } = dataIn(body);
      return JSON.stringify({
        queries: passage === LONG
          ? ["what was the keeper doing in the storm", LONG.slice(4, 60)]
          : [passage.replace("the shade of", "whose shade is"), "whose shade"],
      });
    },
  });
  await using llm = await openLlm({ llm: "small", url: stub.url });
  const run = async (seed: number) => {
    const writing = generateQueries(llm, task!, {
      rng: createRng(seed, "queries"),
      passages: 40,
      within: 1,
      wishes: { language: ["de"] },
    });
    let next = await writing.next();
    while (!next.done) next = await writing.next();
    return next.value;
  };
  const { task: made, queries, counts } = await run(1);
  const outcomes = Object.fromEntries(
    queries.filter(({ passage }) => passage === "long")
      .map(({ text, outcome }) => [text.slice(0, 8), outcome]),
  );
  assert.deepEqual(outcomes, { "what was": "kept", "keeper o": "copied" });
  // "whose shade" finds none of them first but one; its repetitions are seen.
  assert.ok(counts.repeated >= counts.passages - 2);
  assert.equal(
    counts.written,
    counts.kept + counts.repeated + counts.copied + counts.notFound,
  );
  const kept = queries.filter(({ outcome }) => outcome === "kept");
  assert.equal(made.qrels.train!.size, task!.qrels.train!.size + kept.length);
  for (const { id, passage, text } of kept) {
    assert.deepEqual([...made.qrels.train!.get(id)!], [[passage, 1]]);
    assert.equal(made.queries.get(id)!.text, text);
  }
  assert.match(made.transform!, /written by the language model small/);
  // What tests ask stays out, by passage and by text.
  const tested = [...task!.qrels.test!.values(), ...task!.qrels.dev!.values()]
    .flatMap((grades) => [...grades.keys()]);
  assert.ok(queries.every(({ passage }) => !tested.includes(passage)));
  assert.equal(made.qrels.test, task!.qrels.test);
  assert.ok(made.qrels.test!.has(test));
  assert.deepEqual((await run(1)).queries, queries);
  assert.ok(
    stub.asked().every(({ body }) =>
      dataIn(body).wishes.every(({ language }) => language === "de")
    ),
  );
});

Deno.test("a query with the text of a test query is left out", async () => {
  const [task] = toySuite().tasks;
  const [[query]] = task!.qrels.test! as unknown as [[string]];
  const text = task!.queries.get(query)!.text.toUpperCase() + "?";
  await using stub = stubServer({
    answer: () => JSON.stringify({ queries: [text] }),
  });
  await using llm = await openLlm({ llm: "small", url: stub.url });
  const writing = generateQueries(llm, task!, {
    rng: createRng(1, "queries"),
    passages: 1,
    perPassage: 1,
    within: 100,
  });
  let next = await writing.next();
  while (!next.done) next = await writing.next();
  assert.equal(next.value.queries[0]!.outcome, "repeated");
});

Deno.test("where all passages are tested there is nothing to ask", async () => {
  const [task] = toySuite().tasks;
  const all = {
    ...task!,
    qrels: {
      test: new Map([[
        "q",
        new Map(
          [...task!.corpus.keys()].map((id) => [id, 1]),
        ),
      ]]),
    },
  };
  await using llm = await openLlm({ llm: "small", collect: true });
  await assert.rejects(
    generateQueries(llm, all, { rng: createRng(1, "queries") }).next(),
    /^RangeError: Cannot write queries for task "shades": .*--from-tested/,
  );
});
