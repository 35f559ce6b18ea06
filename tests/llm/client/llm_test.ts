import assert from "node:assert/strict";
import { z } from "zod";
import {
  askAll,
  type LlmAnswers,
  type LlmRequest,
  openLlm,
  type OpenLlmOptions,
  readBatch,
  requestKey,
  writeBatch,
} from "../../../lib/llm/mod.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import {
  chat,
  refused,
  type StubOptions,
  type StubServer,
  stubServer,
} from "../_stub_server.ts";

const COLOUR = z.object({ colour: z.enum(["red", "green", "blue"]) });
type Colour = z.infer<typeof COLOUR>;

function request(id: string): LlmRequest<Colour> {
  return {
    id,
    prompt: "colour/1",
    system: "You know colours.",
    user: `The colour of ${id}?`,
    schema: COLOUR,
    expected: 6,
  };
}

const RED = '{"colour": "red"}';

interface Asked {
  result: LlmAnswers<Colour>;
  lines: string[];
  notes: string[];
  waits: number[];
  stub: StubServer;
}

/** Asks a stub for the colours of some things. */
async function ask(
  things: string[],
  stubOptions: StubOptions,
  options: Partial<OpenLlmOptions> = {},
): Promise<Asked> {
  await using stub = stubServer(stubOptions);
  const waits: number[] = [];
  const notes: string[] = [];
  const lines: string[] = [];
  await using llm = await openLlm({
    llm: "small",
    url: stub.url,
    concurrency: 1,
    random: () => 0,
    note: (text) => notes.push(text),
    // No time passes, but others get their turn.
    wait: (ms) => {
      waits.push(ms);
      return new Promise((resume) => setTimeout(resume, 0));
    },
    ...options,
  });
  const asking = askAll(llm, things.map(request), {
    label: "colours",
    what: "names of things",
  });
  let next = await asking.next();
  while (!next.done) {
    lines.push(...next.value.lines ?? []);
    next = await asking.next();
  }
  return { result: next.value, lines, notes, waits, stub };
}

Deno.test("what a model answers is recorded, and not asked again", async () => {
  await inTempFolder(async (folder) => {
    const answers = `${folder}/deep/answers.jsonl`;
    const stub = { answer: () => RED };
    const first = await ask(["a", "b"], stub, { answers });
    assert.deepEqual([...first.result.answers], [
      ["a", { colour: "red" }],
      ["b", { colour: "red" }],
    ]);
    // Told before anything left: where what goes, and what it takes.
    assert.match(
      first.lines[0]!,
      /^names of things are sent to 127\.0\.0\.1:\d+ on this machine, to model small$/,
    );
    assert.match(first.lines[1]!, /^colours: about 2 requests, \d+ tokens in/);
    const [one] = first.stub.asked();
    assert.equal(one!.body.messages[1]!.content, "The colour of a?");
    assert.deepEqual(one!.body.response_format!.json_schema.schema.required, [
      "colour",
    ]);

    const again = await ask(["a", "b", "c"], stub, { answers });
    assert.equal(again.result.recalled, 2);
    assert.equal(again.stub.asked().length, 1);
    const replayed = await ask(["c", "b"], stub, { answers, offline: true });
    assert.equal(replayed.stub.requests.length, 0);
    assert.deepEqual([...replayed.result.answers.keys()], ["c", "b"]);
    await assert.rejects(
      ask(["d"], stub, { answers, offline: true }),
      /^RangeError: Cannot replay: 1 of 1 answers aren't on record, the first is for d;/,
    );
    // Another model's, and another temperature's, are others.
    const other = await ask(["a"], stub, { answers, temperature: 1 });
    assert.equal(other.result.recalled, 0);
  });
});

Deno.test("a record whose last line was cut off is mended", async () => {
  await inTempFolder(async (folder) => {
    const answers = `${folder}/answers.jsonl`;
    const stub = { answer: () => RED };
    await ask(["é", "b"], stub, { answers });
    const whole = await Deno.readTextFile(answers);
    await Deno.writeTextFile(answers, whole.slice(0, -9));
    const again = await ask(["é", "b"], stub, { answers });
    assert.equal(again.result.recalled, 1);
    assert.equal(await Deno.readTextFile(answers), whole);

    await Deno.writeTextFile(answers, `nonsense\n${whole}`);
    await assert.rejects(
      ask(["é"], stub, { answers }),
      /^SyntaxError: Cannot read .*answers\.jsonl:1: the line must be/,
    );
  });
});

Deno.test("two processes don't write to one record", async () => {
  await inTempFolder(async (folder) => {
    const answers = `${folder}/answers.jsonl`;
    await using _ = await openLlm({
      llm: "small",
      url: "http://127.0.0.1:9/v1",
      answers,
    });
    await assert.rejects(
      openLlm({ llm: "small", url: "http://127.0.0.1:9/v1", answers }),
      /Cannot write to .*is writing to it; .*--answers/,
    );
  });
});

Deno.test("429 with Retry-After is obeyed, and 502 is tried again", async () => {
  const script = [
    refused(429, "slow down", { "retry-after": "7" }),
    refused(502, "bad gateway"),
    chat(RED),
  ];
  const { result, waits, stub } = await ask(["a"], {
    answer: (_, n) => script[n]!,
  });
  assert.deepEqual(result.answers.get("a"), { colour: "red" });
  assert.equal(stub.asked().length, 3);
  // By our own reckoning it would be 250 and 500 ms.
  assert.deepEqual(waits, [7000, 500]);
});

Deno.test("a server that loads its model is waited for", async () => {
  const loading = (n: number) =>
    n < 5
      ? refused(503, "loading", n === 1 ? { "retry-after": "20" } : {})
      : Response.json({ data: [{ id: "smaller" }] });
  const { waits, notes } = await ask(["a"], {
    answer: () => RED,
    models: loading,
  });
  assert.equal(waits.length, 5);
  assert.equal(waits[1], 20_000);
  assert.match(notes[0]!, /^waiting for the server: .*loading/);
  assert.match(notes[1]!, /doesn't list small; it lists smaller/);
  await assert.rejects(
    ask(["a"], { models: () => refused(503, "loading") }, { loadWait: 3 }),
    /^RangeError: Cannot ask 127\.0\.0\.1:\d+: .*503.*--load-wait waits longer$/,
  );
});

Deno.test("a list of models that isn't there is done without", async () => {
  const { result } = await ask(["a"], {
    answer: () => RED,
    models: () => new Response("no", { status: 404 }),
  });
  assert.equal(result.answers.size, 1);
});

Deno.test("a server that passes over schemas, or refuses them, gets them in the prompt", async () => {
  const passes = { trial: () => "Red, and 7." };
  const refuses = {
    trial: (body: { response_format?: unknown }) =>
      body.response_format ? refused(422, "unexpected keys") : "Red.",
  };
  for (const trial of [passes, refuses]) {
    const { result, stub, notes } = await ask(["a"], {
      answer: () => RED,
      ...trial,
    });
    assert.equal(result.answers.size, 1);
    const [{ body }] = stub.asked() as [StubServer["requests"][0]];
    assert.equal(body.response_format, undefined);
    assert.match(
      body.messages[1]!.content,
      /JSON schema, and with nothing else:\n\{.*"enum"/,
    );
    assert.match(notes.join(), /in the prompt: the server (?:passes|refuses)/);
  }
});

Deno.test("fields that a server doesn't know are left out", async () => {
  const picky = (body: StubRequestBody) =>
    body.max_tokens !== undefined
      ? refused(400, "use 'max_completion_tokens' instead")
      : body.temperature !== undefined
      ? refused(400, "temperature must be 1")
      : '{"colour": "red", "number": 3}';
  const { stub } = await ask(["a"], { answer: () => RED, trial: picky });
  const [{ body }] = stub.asked() as [StubServer["requests"][0]];
  assert.equal(body.max_completion_tokens, 1024);
  assert.ok(!("temperature" in body) && !("max_tokens" in body));
});
type StubRequestBody = StubServer["requests"][0]["body"];

Deno.test("thoughts, fences and broken JSON are seen through", async () => {
  const said: Record<string, string> = {
    think: `<think>{"colour": "blue"} perhaps?</think>${RED}`,
    halfThink: `it may be blue\n</think>\n\n${RED}`,
    fence: `Sure!\n\`\`\`json\n${RED}\n\`\`\`\nAnything else?`,
    truncated: '{"colour": "red"',
    quotes: "{colour: 'red',}",
    more: '{"colour": "red", "sure": true}',
  };
  const things = Object.keys(said);
  const { result, stub } = await ask(things, {
    answer: (_, n) => said[things[n]!]!,
  });
  assert.deepEqual(result.failed, []);
  assert.equal(stub.asked().length, things.length);
  for (const thing of things) {
    assert.deepEqual(result.answers.get(thing), { colour: "red" }, thing);
  }
});

Deno.test("an answer of the wrong form is asked for again, then listed", async () => {
  await inTempFolder(async (folder) => {
    const answers = `${folder}/answers.jsonl`;
    const { result, stub, waits } = await ask(["a", "b", "c"], {
      answer: (body, n) =>
        n === 0 || body.messages[1]!.content.includes("of b?")
          ? '{"colour": "mauve"}'
          : body.messages[1]!.content.includes("of c?")
          ? "<think>hm"
          : RED,
    }, { answers });
    assert.deepEqual([...result.answers.keys()], ["a"]);
    assert.deepEqual(
      result.failed.map(({ id, reason }) => [id, reason]),
      [
        [
          "b",
          'colour Invalid option: expected one of "red"|"green"|"blue": got "mauve"',
        ],
        ["c", "the answer ends within the model's thoughts"],
      ],
    );
    assert.match(
      stub.asked()[1]!.body.messages[1]!.content,
      /An earlier answer was no use: colour Invalid option/,
    );
    assert.deepEqual(waits, []);
    // Offline the failures are replayed; online they are asked again.
    const offline = await ask(["a", "b", "c"], {}, { answers, offline: true });
    assert.deepEqual(offline.result.failed, result.failed);
    const again = await ask(["b"], { answer: () => RED }, { answers });
    assert.equal(again.result.answers.size, 1);
  });
});

Deno.test("an answer that was cut off gets more room, and is never repaired", async () => {
  const { result, stub } = await ask(["a", "b"], {
    answer: (body) =>
      body.max_tokens === 8 ? chat('{"colour": "red"', "length") : RED,
  }, { maxOutput: 8 });
  assert.equal(result.answers.size, 2);
  assert.deepEqual(
    stub.asked().map(({ body }) => body.max_tokens),
    [8, 16, 8, 16],
  );
  const cut = await ask(["a"], { answer: () => chat(RED, "length") });
  assert.match(cut.result.failed[0]!.reason, /cut off at 2048 tokens/);
});

Deno.test("a slow answer is given up after a time, and tried again", async () => {
  const { result, stub } = await ask(["a"], {
    answer: async (_, n) => {
      if (n === 0) await new Promise((resume) => setTimeout(resume, 500));
      return RED;
    },
  }, { timeout: 0.2 });
  assert.equal(stub.asked().length, 2);
  assert.equal(result.answers.size, 1);
});

Deno.test("several are asked at once, and no more than that", async () => {
  let [running, most] = [0, 0];
  await ask(["a", "b", "c", "d", "e", "f"], {
    answer: async () => {
      most = Math.max(most, ++running);
      await new Promise((resume) => setTimeout(resume, 10));
      running--;
      return RED;
    },
  }, { concurrency: 3 });
  assert.equal(most, 3);
});

Deno.test("a budget is estimated before, and never overdrawn", async () => {
  await inTempFolder(async (folder) => {
    const answers = `${folder}/answers.jsonl`;
    const things = ["a", "b", "c", "d"];
    const stub = { answer: () => RED };
    await assert.rejects(
      ask(things, stub, { maxTokens: 30 }),
      /^RangeError: Cannot ask .*the estimate is more than --max-tokens 30 allows: got 4 requests/,
    );
    // The trial of a schema is one of them.
    await assert.rejects(
      ask(things, stub, { maxRequests: 4, answers, concurrency: 2 }),
      /Cannot go on asking .*--max-requests 4 is spent \(4 requests, .*what was answered is in .*answers\.jsonl: allow more, and run it again$/,
    );
    const rest = await ask(things, stub, { maxRequests: 2, answers });
    assert.equal(rest.result.recalled, 3);
    assert.equal(rest.result.answers.size, 4);
    await assert.rejects(
      ask(things, stub, { maxCost: 0.0001, priceIn: 1, priceOut: 10 }),
      /more than --max-cost 0\.0001 allows: got .*, cost 0\.000/,
    );
    await assert.rejects(
      ask(things, stub, { maxCost: 1 }),
      /--max-cost needs --price-in and --price-out/,
    );
  });
});

Deno.test("tokens that a request may take are put aside until it is answered", async () => {
  let running = 0;
  // Room for one answer at its longest: the others wait, and none is refused.
  const { result } = await ask(["a", "b", "c"], {
    answer: async () => {
      assert.equal(++running, 1);
      await new Promise((resume) => setTimeout(resume, 5));
      running--;
      return RED;
    },
  }, { maxTokens: 1000, maxOutput: 600, concurrency: 3 });
  assert.equal(result.answers.size, 3);
});

Deno.test("what no retry helps ends the work in a line", async () => {
  const cases: [Response | (() => Response), RegExp][] = [
    [refused(401, "who are you"), /401.*put its key into TDRO_LLM_KEY/],
    [
      new Response(null, {
        status: 307,
        headers: { location: "http://127.0.0.1:1/steal" },
      }),
      /redirects, and texts aren't sent on/,
    ],
    [() => refused(500, "out of memory"), /500 out of memory.*run it again/],
  ];
  for (const [response, message] of cases) {
    const answer = () => response instanceof Response ? response : response();
    await assert.rejects(ask(["a", "b"], { answer }), message);
  }
  // One that the server can't take is a matter of that one alone.
  const { result } = await ask(["long", "b"], {
    answer: (_, n) => n === 0 ? refused(400, "too long a prompt") : RED,
  });
  assert.match(result.failed[0]!.reason, /400 too long a prompt/);
  assert.equal(result.answers.size, 1);
});

Deno.test("the key goes along, but not unencrypted to another machine", async () => {
  Deno.env.set("TDRO_LLM_KEY", "secret");
  try {
    const { stub } = await ask(["a"], { answer: () => RED });
    assert.ok(stub.requests.every(({ key }) => key === "Bearer secret"));
    await assert.rejects(
      openLlm({ llm: "small", url: "http://models.example/v1" }),
      /^RangeError: Cannot ask models\.example: --url must begin with https:/,
    );
  } finally {
    Deno.env.delete("TDRO_LLM_KEY");
  }
});

Deno.test("without an endpoint: requests go into a batch file, results on record", async () => {
  await inTempFolder(async (folder) => {
    const answers = `${folder}/answers.jsonl`;
    const things = ["a", "b", "c"];
    const stub = await ask(things, {}, { collect: true, answers });
    assert.equal(stub.stub.requests.length, 0);
    await using llm = await openLlm({
      llm: "small",
      collect: true,
      recording: true,
      answers,
    });
    await writeBatch(`${folder}/batch.jsonl`, things.map(request), llm);
    const lines = (await Deno.readTextFile(`${folder}/batch.jsonl`)).trim()
      .split("\n").map((line) => JSON.parse(line));
    assert.equal(lines.length, 3);
    assert.match(lines[0].body.messages[1].content, /JSON schema/);
    const results = lines.map(({ custom_id }, i) => ({
      custom_id,
      response: i === 2 ? null : {
        status_code: 200,
        body: {
          choices: [{ message: { content: RED }, finish_reason: "stop" }],
          usage: { prompt_tokens: 5, completion_tokens: 6 },
        },
      },
      error: i === 2 ? { message: "expired" } : null,
    }));
    const path = `${folder}/results.jsonl`;
    await Deno.writeTextFile(
      path,
      results.map((line) => JSON.stringify(line)).join("\n"),
    );
    assert.deepEqual(await readBatch(path, llm), { taken: 2, leftOut: 1 });
    assert.equal(
      llm.record.get(await requestKey(request("a"), llm.settings))!.said,
      RED,
    );
    await Deno.writeTextFile(path, '{"custom_id": "x"}\n');
    await assert.rejects(readBatch(path, llm), /results\.jsonl:1: .*custom_id/);
  });
});
