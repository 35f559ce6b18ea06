import assert from "node:assert/strict";
import fc from "fast-check";
import { openTable } from "../../../lib/data/mod.ts";
import { fromFileUrl } from "../../_paths.ts";
import { inTempFolder, writeFiles } from "../_folders.ts";

const FILES = fromFileUrl(new URL("./files", import.meta.url));

/** Reads a table that is written for it. */
async function read(
  name: string,
  content: string | Uint8Array,
): Promise<{ columns: string[]; rows: [string, Record<string, unknown>][] }> {
  let found;
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { [name]: content });
    const table = await openTable(`${folder}/${name}`);
    const rows = await Array.fromAsync(table.rows());
    found = {
      columns: table.columns,
      rows: rows.map(({ where, cells }) =>
        [where.replace(`${folder}/`, ""), cells] as const
      ),
    };
  });
  return found!;
}

Deno.test("CSV: quotes, line ends within texts, and the line of each row", async () => {
  const { columns, rows } = await read(
    "a.csv",
    '\uFEFFq,a\r\n"x, ""y""\r\nz",1\r\nfoo,\r\n\r\nbar,3',
  );
  assert.deepEqual(columns, ["q", "a"]);
  assert.deepEqual(rows, [
    ["a.csv:2", { q: 'x, "y"\nz', a: "1" }],
    ["a.csv:4", { q: "foo", a: "" }],
    ["a.csv:6", { q: "bar", a: "3" }],
  ]);
});

Deno.test("TSV is separated by tabs alone", async () => {
  const { rows } = await read("a.tsv", "q\ta\none, two\tthree\n");
  assert.deepEqual(rows, [["a.tsv:2", { q: "one, two", a: "three" }]]);
});

Deno.test("CSV comes back as it was written, whatever the texts are", async () => {
  const text = fc.string({ unit: "binary", maxLength: 12 })
    .map((s) => s.replace(/\r/g, "").toWellFormed());
  const table = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(table, async (pairs) => {
      const quote = (s: string) => `"${s.replaceAll('"', '""')}"`;
      const lines = pairs.map((pair) => pair.map(quote).join(","));
      const { rows } = await read("a.csv", `q,a\n${lines.join("\n")}\n`);
      assert.deepEqual(
        rows.map(([, { q, a }]) => [q, a]),
        pairs,
      );
    }),
    { numRuns: 50 },
  );
});

Deno.test("JSON lines, gzipped, with keys that only some lines have", async () => {
  const lines = '{"q":"x"}\n\n{"q":"y","a":["z"]}\n';
  const zipped = new Blob([lines]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  const { columns, rows } = await read(
    "a.jsonl.gz",
    new Uint8Array(await new Response(zipped).arrayBuffer()),
  );
  assert.deepEqual(columns, ["q", "a"]);
  assert.deepEqual(rows, [
    ["a.jsonl.gz:1", { q: "x" }],
    ["a.jsonl.gz:3", { q: "y", a: ["z"] }],
  ]);
});

Deno.test("a JSON list, plain or under data", async () => {
  for (const text of ['[{"q":"x"}]', '{"data":[{"q":"x"}]}']) {
    const { rows } = await read("a.json", text);
    assert.deepEqual(rows, [["a.json: row 1", { q: "x" }]]);
  }
});

for (const compression of ["snappy", "zstd"]) {
  Deno.test(`parquet as pyarrow writes it, ${compression}, in two row groups`, async () => {
    const table = await openTable(`${FILES}/pairs_${compression}.parquet`);
    assert.deepEqual(table.columns, [
      "question",
      "answer",
      "negatives",
      "label",
      "score",
    ]);
    const rows = await Array.fromAsync(table.rows());
    assert.deepEqual(rows.map(({ cells }) => cells), [
      {
        question: "When?",
        answer: "At nine.",
        negatives: ["By the river."],
        label: 1n,
        score: 0.9,
      },
      {
        question: "Where?",
        answer: "By the river.",
        negatives: [],
        label: 1n,
        score: 0.5,
      },
      {
        question: "Wé 日本?",
        answer: "はい",
        negatives: ["At nine.", "Never."],
        label: 0n,
        score: null,
      },
    ]);
    assert.match(rows[2]!.where, /\.parquet: row 3$/);
    const some = await Array.fromAsync(table.rows(["label"]));
    assert.deepEqual(some.map(({ cells }) => cells), [
      { label: 1n },
      { label: 1n },
      { label: 0n },
    ]);
  });
}

Deno.test("a data set's README says which files are which split", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "README.md":
        "---\nlicense: mit\nconfigs:\n- config_name: pairs\n  default: true\n  data_files:\n  - split: train\n    path: pairs/part-*\n  - split: validation\n    path: [pairs/held.csv]\n- config_name: other\n  data_files: other/*.csv\n---\n# Text\n",
      "pairs/part-0.csv": "q,a\n1,2\n",
      "pairs/part-1.csv": "q,a\n3,4\n",
      "pairs/held.csv": "q,a\n5,6\n",
      "other/test.csv": "q,a\n7,8\n",
    });
    const splits = async (subset?: string) => {
      const table = await openTable(folder, { subset });
      const rows = await Array.fromAsync(table.rows());
      return rows.map(({ split, cells }) => `${split} ${cells.q}`);
    };
    assert.deepEqual(await splits(), ["train 1", "train 3", "validation 5"]);
    assert.deepEqual(await splits("other"), ["train+test 7"]);
    await assert.rejects(splits("pair"), {
      name: "RangeError",
      message:
        /Cannot choose a subset of .*must be one of pairs, other: got "pair"/,
    });
  });
});

Deno.test("without a README names of shards and folders say the split", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "data/train-00000-of-00001.jsonl": '{"q":"1"}\n',
      "data/test-00000-of-00001.jsonl": '{"q":"2"}\n',
      "dataset_infos.json": "{}",
      ".cache/train.jsonl": "broken",
    });
    const rows = await Array.fromAsync((await openTable(folder)).rows());
    assert.deepEqual(rows.map(({ split, cells }) => [split, cells.q]), [
      ["test", "2"],
      ["train", "1"],
    ]);
  });
});

const BAD: [name: string, content: string, message: RegExp][] = [
  ["a.csv", "", /a\.csv:1: Cannot read the table: .*the file is empty/],
  ["a.csv", "q,q\n", /a\.csv:1: .*"q" appears twice/],
  ["a.csv", ",\nx,y\n", /a\.csv:1: .*no column has a name/],
  [
    "a.csv",
    "q;a\nx;y;z\n",
    /a\.csv:1: .*got one column, "q;a", separated by commas; say .*--delimiter/,
  ],
  [
    "a.csv",
    "q;r,a\nx;y,z\n",
    /a\.csv:1: .*may be separated by commas or by semicolons; .*--delimiter "," or ";"/,
  ],
  [
    "a.tsv",
    'q\ta\nx\t"y"\n',
    /a\.tsv:2: .*quotes around the text in column 2 may only enclose it, .*--no-quotes/,
  ],
  ["a.csv", "q\0,a\nx,y\n", /a\.csv:1: .*it holds NUL; is it UTF-16/],
  ["a.csv", "q,a\nx\n", /a\.csv:2: Cannot read the row: .*2 columns.*got 1;/],
  ["a.csv", "q,a\nx,y\nz,1,2\n", /a\.csv:3: .*got 3; put texts that hold/],
  ["a.csv", 'q,a\nx,"y\nz,1\n', /a\.csv:2: .*opened and never closed/],
  [
    "a.csv",
    'q,a\n"o","p\n"\nx,"y\n1,2\n3,4\n',
    /a\.csv:4: .*opened and never closed/,
  ],
  [
    "a.csv",
    'q,a\nx,"y\nz,"1"\n',
    /a\.csv:2: .*never closed: the next one, in line 3/,
  ],
  ["a.csv", 'q,a\nx,"y"z\n', /a\.csv:2: .*a double quote stands within/],
  ["a.csv", 'q,a\nx,y"z"\n', /a\.csv:2: .*a double quote stands within/],
  ["a.jsonl", '{"q":1}\n[2]\n', /a\.jsonl:2: Cannot use the line/],
  ["a.jsonl", '{"q":\n', /a\.jsonl:1: Cannot read the line as JSON/],
  [
    "a.json",
    "{",
    /Cannot read .*a\.json as JSON: .*it must be a list of objects/,
  ],
  ["a.json", "[1]", /Cannot read .*a\.json as a table: it must be a list/],
  ["a.parquet", "PAR1", /Cannot read .*a\.parquet as parquet: .*whole\?/],
  ["a.json", '[{"q":1}', /a\.json as a table: it ends within object 2/],
  ["a.json", '[{"q":1} {"q":2}]', /a\.json as a table: a comma or the end/],
  ["a.json", '[{"q":1},]', /a\.json as a table: .*got something else in it/],
  ["a.json", '[{"q":1}] x', /a\.json as a table: something follows the list/],
  ["a.json", '[{"q":1},{"q"}]', /a\.json: row 2: Cannot read the row as JSON/],
  ["a.xlsx", "x", /a\.xlsx as a table: it is a spreadsheet; save .* CSV UTF-8/],
  ["a.txt", "x", /Cannot read .*a\.txt as a table: .*must end in \.csv/],
];

for (const [name, content, message] of BAD) {
  Deno.test(`openTable() refuses ${name}: ${JSON.stringify(content)}`, async () => {
    await assert.rejects(
      read(name, content),
      (error: Error) =>
        message.test(error.message) && !error.message.includes("\n") &&
        (error instanceof SyntaxError || error instanceof RangeError),
    );
  });
}

Deno.test("openTable() refuses what isn't there, BEIR folders and empty ones", async () => {
  await assert.rejects(openTable("no/such.csv"), Deno.errors.NotFound);
  await inTempFolder(async (folder) => {
    await assert.rejects(openTable(folder), /holds no \.parquet/);
    await writeFiles(folder, { "corpus.jsonl": "" });
    await assert.rejects(openTable(folder), /task in BEIR form; open it with/);
  });
});

Deno.test("a table that is left early closes its file", async () => {
  // The test's own check of resources would fail otherwise.
  await inTempFolder(async (folder) => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `${i},text ${i}`);
    await writeFiles(folder, { "a.csv": `q,a\n${lines.join("\n")}\n` });
    const table = await openTable(`${folder}/a.csv`);
    for await (const { cells } of table.rows()) {
      if (cells.q === "5") break;
    }
  });
});

const FORMS = ["kinds_v1", "kinds_v2", "kinds_delta", "kinds_delta_v1"];

Deno.test("openTable() reads every kind of page of a parquet file", async () => {
  const all = [
    { text: "one", flag: true, number: 1, empty: null, lists: ["a", "b"] },
    { text: null, flag: null, number: 2, empty: null, lists: null },
    { text: "three", flag: false, number: 3, empty: null, lists: [] },
    { text: "three", flag: true, number: 4, empty: null, lists: ["c"] },
  ];
  for (const name of FORMS) {
    const table = await openTable(`${FILES}/${name}.parquet`);
    const rows = await Array.fromAsync(table.rows());
    const wanted = all.map((row) =>
      Object.fromEntries(
        Object.entries(row).filter(([key]) => table.columns.includes(key)),
      )
    );
    assert.deepEqual(
      rows.map(({ cells }) =>
        Object.fromEntries(
          Object.entries(cells).map(([key, cell]) => [key, cell ?? null]),
        )
      ),
      wanted,
      name,
    );
  }
});
