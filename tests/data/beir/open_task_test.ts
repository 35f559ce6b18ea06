import assert from "node:assert/strict";
import { openTask } from "../../../lib/data/mod.ts";
import { GOOD, goodTask, inTempFolder, writeFiles } from "../_folders.ts";

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

Deno.test("openTask() reads a folder without task.json", () =>
  inTempFolder(async (folder) => {
    await writeFiles(`${folder}/toy`, GOOD);
    assert.deepEqual(await openTask(`${folder}/toy`), goodTask("toy"));
    assert.deepEqual(await openTask(`${folder}/toy/`), goodTask("toy"));
  }));

Deno.test("openTask() reads gzipped files, aliases, a BOM, CR LF and blank lines", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "corpus.jsonl.gz": await gzip(
        '\uFEFF{"docid":"p1","title":"Capitals","text":"Paris","url":"x"}\r\n\r\n{"id":"p2","title":"","text":"Rome"}',
      ),
      "queries.jsonl.gz": await gzip(
        '{"query_id":"q1","query":"France?"}\n{"_id":"q2","id":"other","question":"Italy?"}\n',
      ),
      "qrels/train.tsv": GOOD["qrels/train.tsv"],
      "qrels/test.tsv": GOOD["qrels/test.tsv"],
      "task.json": JSON.stringify({
        task: "toy",
        type: "faq",
        language: ["en", "fr"],
        prompt: "Answer",
        license: "CC0-1.0",
        source: "here",
        transform: "none",
        counts: { corpus: 2 },
      }),
    });
    assert.deepEqual(await openTask(folder), {
      ...goodTask("toy"),
      kind: "faq",
      language: ["en", "fr"],
      prompt: "Answer",
      license: "CC0-1.0",
      source: "here",
      transform: "none",
    });
  }));

Deno.test("openTask() splits lines at LF alone", () =>
  inTempFolder(async (folder) => {
    const text = "a\u2028b\u0085c";
    await writeFiles(folder, {
      ...GOOD,
      "corpus.jsonl": `{"_id":"p1","text":"${text}"}\n{"_id":"p2","text":"x"}`,
    });
    assert.equal((await openTask(folder)).corpus.get("p1")!.text, text);
  }));

const HEADER = "query-id\tcorpus-id\tscore\n";

/** What is wrong, the files that differ from the good ones, what is thrown. */
const BAD: [
  what: string,
  files: Record<string, string | Uint8Array | undefined>,
  type: typeof SyntaxError | typeof Deno.errors.NotFound,
  message: RegExp,
][] = [
  [
    "no corpus",
    { "corpus.jsonl": undefined },
    Deno.errors.NotFound,
    /^Cannot open task folder F: corpus\.jsonl \(or corpus\.jsonl\.gz\) is missing$/,
  ],
  [
    "no queries",
    { "queries.jsonl": undefined },
    Deno.errors.NotFound,
    /^Cannot open task folder F: queries\.jsonl \(or/,
  ],
  [
    "no qrels",
    { "qrels/train.tsv": undefined, "qrels/test.tsv": undefined },
    Deno.errors.NotFound,
    /^Cannot open task folder F: it needs qrels\/train\.tsv/,
  ],
  [
    "empty corpus",
    { "corpus.jsonl": "\n" },
    SyntaxError,
    /^Cannot use F\/corpus\.jsonl: it must hold a passage: got none$/,
  ],
  [
    "empty queries",
    { "queries.jsonl": "" },
    SyntaxError,
    /^Cannot use F\/queries\.jsonl: it must hold a query/,
  ],
  [
    "no judgments",
    { "qrels/train.tsv": HEADER, "qrels/test.tsv": HEADER },
    SyntaxError,
    /^Cannot use F\/qrels: it must hold a judgment/,
  ],
  [
    "malformed line",
    { "corpus.jsonl": '{"_id":"p1","text":"Paris"}\n\n{"_id":\n' },
    SyntaxError,
    /^F\/corpus\.jsonl:3: Cannot read the line as JSON: /,
  ],
  [
    "line is a list",
    { "corpus.jsonl": '["p1"]\n' },
    SyntaxError,
    /^F\/corpus\.jsonl:1: Cannot use the line: the line must be an object: got \["p1"\]$/,
  ],
  [
    "no text",
    { "corpus.jsonl": '{"_id":"p1"}\n' },
    SyntaxError,
    /^F\/corpus\.jsonl:1: Cannot use the line: text is missing \(a string\)$/,
  ],
  [
    "no id",
    { "queries.jsonl": '{"text":"x"}\n' },
    SyntaxError,
    /^F\/queries\.jsonl:1: Cannot use the line: _id is missing \(a string\)$/,
  ],
  [
    "number as id",
    { "corpus.jsonl": '{"_id":1,"text":"x"}\n' },
    SyntaxError,
    /^F\/corpus\.jsonl:1: Cannot use the line: _id must be a string: got 1$/,
  ],
  [
    "null as title",
    { "corpus.jsonl": '{"_id":"p1","title":null,"text":"x"}\n' },
    SyntaxError,
    /title must be a string: got null$/,
  ],
  [
    "empty id",
    { "corpus.jsonl": '{"_id":"","text":"x"}\n' },
    SyntaxError,
    /:1: Cannot use the line: _id must not be empty: got ""$/,
  ],
  [
    "tab in id",
    { "corpus.jsonl": '{"_id":"p\\t1","text":"x"}\n' },
    SyntaxError,
    /_id must hold no tab, line end or NUL: got "p\\t1"$/,
  ],
  [
    "lone surrogate in id",
    { "corpus.jsonl": '{"_id":"\\ud800","text":"x"}\n' },
    SyntaxError,
    /_id must hold no lone surrogate/,
  ],
  [
    "same passage twice",
    { "corpus.jsonl": '{"_id":"p1","text":"x"}\n{"_id":"p1","text":"y"}\n' },
    SyntaxError,
    /^F\/corpus\.jsonl:2: Cannot take id "p1" again/,
  ],
  [
    "same query twice",
    { "queries.jsonl": '{"_id":"q1","text":"x"}\n{"_id":"q1","text":"y"}\n' },
    SyntaxError,
    /^F\/queries\.jsonl:2: Cannot take id "q1" again/,
  ],
  [
    "no header",
    { "qrels/test.tsv": "q2\tp2\t2\n" },
    SyntaxError,
    /^F\/qrels\/test\.tsv:1: Cannot read the judgments: the first line must be the header/,
  ],
  [
    "empty qrels file",
    { "qrels/test.tsv": "" },
    SyntaxError,
    /^F\/qrels\/test\.tsv:1: Cannot read the judgments: .* the file is empty$/,
  ],
  [
    "two columns",
    { "qrels/test.tsv": `${HEADER}q2\tp2\n` },
    SyntaxError,
    /^F\/qrels\/test\.tsv:2: Cannot read the line: it must have 3 columns \(query-id, corpus-id, score\): got 2$/,
  ],
  [
    "fraction as grade",
    { "qrels/test.tsv": `${HEADER}q2\tp2\t1.5\n` },
    SyntaxError,
    /^F\/qrels\/test\.tsv:2: Cannot read the grade: it must be an integer of at most 32 bits: got "1\.5"$/,
  ],
  [
    "huge grade",
    { "qrels/test.tsv": `${HEADER}q2\tp2\t4294967297\n` },
    SyntaxError,
    /Cannot read the grade/,
  ],
  [
    "unknown query",
    { "qrels/test.tsv": `${HEADER}q9\tp2\t1\n` },
    SyntaxError,
    /^F\/qrels\/test\.tsv:2: Cannot use the judgment: query "q9" is not in the task's queries\.jsonl$/,
  ],
  [
    "unknown passage",
    { "qrels/test.tsv": `${HEADER}q2\tp9\t1\n` },
    SyntaxError,
    /^F\/qrels\/test\.tsv:2: Cannot use the judgment: passage "p9" is not/,
  ],
  [
    "pair twice",
    { "qrels/test.tsv": `${HEADER}q2\tp2\t1\nq2\tp2\t1\n` },
    SyntaxError,
    /^F\/qrels\/test\.tsv:3: Cannot take query "q2", passage "p2" again/,
  ],
  [
    "task.json no JSON",
    { "task.json": "{" },
    SyntaxError,
    /^Cannot read F\/task\.json as JSON: /,
  ],
  [
    "prompt of wrong type",
    { "task.json": '{"prompt":3}' },
    SyntaxError,
    /^Cannot use F\/task\.json: prompt must be a string: got 3$/,
  ],
  [
    "language of wrong type",
    { "task.json": '{"language":{}}' },
    SyntaxError,
    /^Cannot use F\/task\.json: language must be a string or a list of strings: got \{\}$/,
  ],
  [
    "gzip that isn't",
    { "corpus.jsonl": undefined, "corpus.jsonl.gz": "\0\x01" },
    SyntaxError,
    /^Cannot unpack F\/corpus\.jsonl\.gz: it doesn't begin like a \.gz file; is it whole\?$/,
  ],
  [
    "gzip that is cut off",
    {
      "corpus.jsonl": undefined,
      "corpus.jsonl.gz": (await gzip(GOOD["corpus.jsonl"]!)).subarray(0, 60),
    },
    SyntaxError,
    /^Cannot unpack F\/corpus\.jsonl\.gz: unexpected end of file; is the file whole, and gzip\?$/,
  ],
];

for (const [what, files, type, message] of BAD) {
  Deno.test(`openTask() refuses: ${what}`, () =>
    inTempFolder(async (folder) => {
      await writeFiles(folder, { ...GOOD, ...files });
      await assert.rejects(openTask(folder), (error) => {
        assert(error instanceof type, String(error));
        assert.match(error.message.replaceAll(folder, "F"), message);
        assert.doesNotMatch(error.message, /\n|\.$/);
        return true;
      });
    }));
}

Deno.test("openTask() refuses a folder that isn't there", async () => {
  await assert.rejects(openTask("no/such/folder"), {
    name: "NotFound",
    message: "Cannot open task folder no/such/folder: there is no such folder",
  });
});

Deno.test("openTask() names the line that isn't UTF-8", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, GOOD);
    const line = new TextEncoder().encode('{"_id":"p1","text":"x"}\n');
    const bad = new Uint8Array([...line, ...line, 0x22, 0xff, 0x22]);
    bad[line.length + 9] = 0x32; // the second id is p2
    await Deno.writeFile(`${folder}/corpus.jsonl`, bad);
    await assert.rejects(openTask(folder), {
      name: "SyntaxError",
      message:
        `${folder}/corpus.jsonl:3: Cannot read the line: it isn't UTF-8; convert the file to UTF-8`,
    });
  }));
