import assert from "node:assert/strict";
import {
  type GeneratedPassages,
  generateNegatives,
  generatePassages,
  openLlm,
} from "../../../lib/llm/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";
import { toySuite } from "../../_toy_suite.ts";
import { type StubBody, stubServer } from "../_stub_server.ts";

const [task] = toySuite().tasks;

/** The value of a field of the data in a prompt. */
function field({ messages }: StubBody, name: string): unknown {
  const line = messages[1]!.content.split("\n")
    .find((each) => each.startsWith(`${name}: `));
  return line && JSON.parse(line.slice(name.length + 2));
}

async function generated(
  answer: (body: StubBody) => string,
  write: (
    llm: Awaited<ReturnType<typeof openLlm>>,
  ) => AsyncGenerator<unknown, GeneratedPassages>,
) {
  await using stub = stubServer({ answer });
  await using llm = await openLlm({
    llm: "small",
    url: stub.url,
    formTries: 0,
  });
  const writing = write(llm);
  let next = await writing.next();
  while (!next.done) next = await writing.next();
  return { ...next.value, asked: stub.asked() };
}

Deno.test("negatives are written from the query, the positive, or requirements", async () => {
  for (const from of ["query", "positive", "requirement"] as const) {
    const { passages, failed, asked } = await generated(
      (body) => {
        const negatives = [1, 2, 3].map((n) => ({
          text: ` no ${field(body, "query")} ${n}\n`,
          ...from === "requirement" && { violates: `requirement ${n}` },
        }));
        return JSON.stringify(
          from === "requirement"
            ? { why: "it says so", negatives }
            : { negatives },
        );
      },
      (llm) =>
        generateNegatives(llm, task!, {
          rng: createRng(1, "written"),
          from,
          count: 3,
          queries: 4,
        }),
    );
    assert.deepEqual(failed, []);
    assert.equal(passages.size, 4);
    const [[query, written]] = passages as unknown as [
      [string, { id: string; text: string; violates?: string }[]],
    ];
    assert.ok(task!.qrels.train!.has(query));
    const text = task!.queries.get(query)!.text;
    assert.deepEqual(
      written.map(({ id }) => id),
      [1, 2, 3].map((n) => `llm-${query}-${n}`),
    );
    assert.equal(written[0]!.text, `no ${text} 1`);
    assert.equal(
      written[2]!.violates,
      from === "requirement" ? "requirement 3" : undefined,
    );
    for (const { body } of asked) {
      const positive = field(body, "positive");
      assert.equal(positive === undefined, from === "query");
      assert.equal(field(body, "count"), 3);
    }
  }
});

Deno.test("too few negatives are no answer", async () => {
  const { passages, failed } = await generated(
    () => '{"negatives": [{"text": "only one"}]}',
    (llm) =>
      generateNegatives(llm, task!, {
        rng: createRng(1, "written"),
        from: "query",
        count: 2,
        queries: 1,
      }),
  );
  assert.equal(passages.size, 0);
  assert.match(failed[0]!.reason, /negatives/);
});

Deno.test("passages of four grades come with an example that isn't the positive", async () => {
  const { passages, asked } = await generated(
    () =>
      JSON.stringify({ grade3: "a", grade2: "b", grade1: "c", grade0: "d" }),
    (llm) => generatePassages(llm, task!, { rng: createRng(1, "written") }),
  );
  assert.equal(passages.size, task!.qrels.train!.size);
  for (const [query, list] of passages) {
    assert.deepEqual(list.map(({ grade }) => grade), [3, 2, 1, 0]);
    const [[positive]] = task!.qrels.train!.get(query)! as unknown as [
      [string],
    ];
    const { body } = asked.find((each) =>
      field(each.body, "query") === task!.queries.get(query)!.text
    )!;
    assert.notEqual(field(body, "example"), task!.corpus.get(positive)!.text);
  }
});

Deno.test("a task without training queries is refused", async () => {
  await using llm = await openLlm({ llm: "small", collect: true });
  const none = { ...task!, qrels: { test: task!.qrels.test! } };
  await assert.rejects(
    generatePassages(llm, none, { rng: createRng(1, "written") }).next(),
    /^RangeError: Cannot write passages for task "shades": no query of split train has a positive; write queries first/,
  );
});
