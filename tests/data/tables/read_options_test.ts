import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import {
  openTable,
  type OpenTableOptions,
  taskFromFile,
  taskFromRows,
} from "../../../lib/data/mod.ts";
import { shared, withShared } from "../../_shared.ts";
import { inTempFolder, writeFiles } from "../_folders.ts";

type Content = string | Uint8Array;

/** Reads a table that is written for it: columns, rows and notes. */
async function read(
  name: string,
  content: Content,
  options: OpenTableOptions = {},
) {
  const found = { columns: [""], rows: [[] as unknown[]], notes: [""] };
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { [name]: content });
    const table = await openTable(`${folder}/${name}`, options);
    const rows = await Array.fromAsync(table.rows());
    found.columns = table.columns;
    found.rows = rows.map(({ cells }) => Object.values(cells));
    found.notes = table.notes ?? [];
  });
  return found;
}

/** A text in an encoding of one byte a character. */
const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** A text in UTF-16. */
function utf16(text: string, order: "le" | "be", mark = true): Uint8Array {
  const whole = (mark ? "\uFEFF" : "") + text;
  const view = new DataView(new ArrayBuffer(whole.length * 2));
  for (let i = 0; i < whole.length; i++) {
    view.setUint16(i * 2, whole.charCodeAt(i), order === "le");
  }
  return new Uint8Array(view.buffer);
}

for (
  const [delimiter, notes] of [
    [",", []],
    [";", ["separated by semicolons"]],
    ["\t", ["separated by tabs"]],
    ["|", ["separated by vertical bars"]],
  ] as const
) {
  Deno.test(`columns between ${JSON.stringify(delimiter)} are found in a .csv`, async () => {
    const lines = [["q", "a"], ["x", `"y, z; t\tu|v"`], ["1,5", "2"]]
      .map((row) =>
        row.map((text) => text.replace("1,5", delimiter === "," ? "1" : "1,5"))
          .join(delimiter)
      );
    const table = await read("a.csv", lines.join("\n"));
    assert.deepEqual(table, {
      columns: ["q", "a"],
      rows: [["x", "y, z; t\tu|v"], [delimiter === "," ? "1" : "1,5", "2"]],
      notes: [...notes],
    });
  });
}

Deno.test("delimiter, quotes and header are what options say", async () => {
  const options = { delimiter: "|", quotes: false, header: false };
  const table = await read("a.csv", '1|"x|,|y"\n2|z|,|t\n', {
    ...options,
    columns: ["n", "q", "-", "a"],
  });
  assert.deepEqual(table, {
    columns: ["n", "q", "a"],
    rows: [["1", '"x', 'y"'], ["2", "z", "t"]],
    notes: ["separated by vertical bars", "column 3 without a name left out"],
  });
  assert.deepEqual(
    (await read("a.tsv", "x;y\n", {
      delimiter: ";",
      header: false,
      columns: ["a", "b"],
    })).rows,
    [["x", "y"]],
  );
});

Deno.test("TSV whose header has quotes has them around texts; else one decides", async () => {
  const rows = [["a\tb", 'say "c"'], ["d", "e\nf"]];
  const quoted = 'q\ta\n"a\tb"\t"say ""c"""\nd\t"e\nf"\n';
  assert.deepEqual(
    (await read("a.tsv", quoted.replace("q\ta", '"q"\t"a"'))).rows,
    rows,
  );
  assert.deepEqual((await read("a.tsv", quoted, { quotes: true })).rows, rows);
  const kept = await read("a.tsv", 'q\ta\n"x"\t"y" z\n', { quotes: false });
  assert.deepEqual(kept.rows, [['"x"', '"y" z']]);
});

Deno.test("columns without a name are left out, and said", async () => {
  const table = await read("a.csv", ",q,a,,\n0,x,y,,\n1,z,t,,\n");
  assert.deepEqual(table, {
    columns: ["q", "a"],
    rows: [["x", "y"], ["z", "t"]],
    notes: ["columns 1, 4, 5 without a name left out"],
  });
});

Deno.test("encodings: texts come back as they were written", async () => {
  const rows = [["q", "café"], ["naïve", "£ ½"]];
  const csv = rows.map((row) => row.join(";")).join("\n");
  const list = JSON.stringify([{ q: "naïve", "café": "£ ½" }]);
  const line = '{"q":"naïve","café":"£ ½"}\n';
  const files: [string, string][] = [
    ["a.csv", csv],
    ["a.json", list],
    ["b.json", line],
    ["a.jsonl", line],
    ["b.jsonl", list],
    ["c.json", `{"data":${list}}`],
  ];
  const encodings: [string, (text: string) => Uint8Array][] = [
    ["latin1", latin1],
    ["iso-8859-1", latin1],
    ["utf-16", (text) => utf16(text, "le")],
    ["utf-16", (text) => utf16(text, "be")],
    ["utf-16le", (text) => utf16(text, "le", false)],
    ["utf-16be", (text) => utf16(text, "be", false)],
    ["utf-8", (text) => new TextEncoder().encode(`\uFEFF${text}`)],
  ];
  for (const [name, text] of files) {
    for (const [encoding, encode] of encodings) {
      for (const pack of [false, true]) {
        const content = pack
          ? new Uint8Array(gzipSync(encode(text)))
          : encode(text);
        const table = await read(pack ? `${name}.gz` : name, content, {
          encoding,
        });
        assert.deepEqual(table.columns, rows[0], `${name} ${encoding}`);
        assert.deepEqual(table.rows, [rows[1]], `${name} ${encoding}`);
      }
    }
  }
});

Deno.test("UTF-16 comes back whatever the characters and wherever pieces end", async () => {
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 30 })
    .map((s) => s.replace(/[\r\n,"\0\uFEFF]/g, "x").toWellFormed());
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.integer({ min: 65_500, max: 65_540 }),
      async (text, length) => {
        const long = "y".repeat(length / 2) + text;
        const csv = `q,a\n${long},${text}\n`;
        const { rows } = await read("a.csv", utf16(csv, "be"), {
          encoding: "utf-16",
        });
        assert.deepEqual(rows, [[long, text]]);
      },
    ),
    { numRuns: 30 },
  );
});

const REFUSED: [
  what: string,
  name: string,
  Content,
  OpenTableOptions,
  RegExp,
][] = [
  [
    "CSV that isn't UTF-8",
    "a.csv",
    latin1("q,a\nx,y\ncafé,z\n"),
    {},
    /a\.csv:3: Cannot read the line: it isn't UTF-8; say what it is \(--encoding latin1/,
  ],
  [
    "CSV in UTF-16, by its mark",
    "a.csv",
    utf16("q,a\nx,y\n", "le"),
    {},
    /a\.csv:1: .*it isn't UTF-8 but UTF-16LE; say what it is/,
  ],
  [
    "JSON lines that aren't UTF-8",
    "a.jsonl",
    latin1('{"q":"x"}\n{"q":"é"}\n'),
    {},
    /a\.jsonl:2: .*it isn't UTF-8; say what/,
  ],
  [
    "a JSON list that isn't UTF-8",
    "a.json",
    latin1('[{"q":"x"},\n{"q":"é"}]'),
    {},
    /a\.json: row 2: .*it isn't UTF-8; say what/,
  ],
  [
    "JSON that isn't UTF-8",
    "a.json",
    latin1('{"data":[{"q":"x"},\n{"q":"é"}]}'),
    {},
    /a\.json:2: .*it isn't UTF-8; say what/,
  ],
  [
    "a file that isn't in the encoding",
    "a.csv",
    new Uint8Array([...utf16("q,a\nx,y\n", "le"), 0, 0xD8, 0x20, 0]),
    { encoding: "utf-16" },
    /a\.csv:3: Cannot read the line: it isn't UTF-16LE; say another/,
  ],
  [
    "the mark of another encoding",
    "a.csv",
    "\uFEFFq,a\nx,y\n",
    { encoding: "latin1" },
    /a\.csv:1: .*its first bytes are the mark of UTF-8; add --encoding utf-8/,
  ],
  [
    "an encoding that isn't one",
    "a.csv",
    "q,a\n",
    { encoding: "latin-99" },
    /encoding must be an encoding that TextDecoder knows.*got "latin-99"/,
  ],
  [
    "a delimiter of two characters",
    "a.csv",
    "q,a\n",
    { delimiter: "::" },
    /delimiter must be one character/,
  ],
  [
    "no header and no names",
    "a.csv",
    "q,a\n",
    { header: false },
    /columns \(--columns\) must name the columns where header is off/,
  ],
  [
    "names and a header",
    "a.csv",
    "q,a\n",
    { columns: ["q"] },
    /columns \(--columns\) are for a table without header/,
  ],
  [
    "fewer names than columns",
    "a.csv",
    "q,a\n",
    { header: false, columns: ["q"] },
    /columns \(--columns\) must name its 2 columns .*: got 1$/,
  ],
  [
    "a delimiter for JSON",
    "a.json",
    "[]",
    { delimiter: "," },
    /delimiter \(--delimiter\) is for CSV and TSV files/,
  ],
];

for (const [what, name, content, options, message] of REFUSED) {
  Deno.test(`openTable() refuses ${what}`, async () => {
    await assert.rejects(
      read(name, content, options),
      (error: Error) =>
        message.test(error.message) && !error.message.includes("\n") ||
        assert.fail(error.message),
    );
  });
}

Deno.test("options about files are refused for rows, and pass through for files", async () => {
  await assert.rejects(
    taskFromRows([{ q: "x", a: "y" }], { encoding: "latin1" }),
    {
      name: "RangeError",
      message: "Cannot use the rows: encoding is for files",
    },
  );
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { "a.tsv": latin1("1\tcafé\tà\n") });
    const task = await taskFromFile(`${folder}/a.tsv`, {
      header: false,
      columns: ["-", "query", "passage"],
      encoding: "latin1",
    });
    assert.equal(task.queries.get("q1")!.text, "café");
  });
});

Deno.test("JSON is read by its form, not by its name", async () => {
  const rows = [["x"], ["y"]];
  const lines = '\n{"q":"x"}\n\n{"q":"y"}';
  const list = ' [\n {"q":"x"} ,\n{"q":"y"}\n]\n';
  for (
    const text of [
      lines,
      list,
      list.replace(/\n/g, ""),
      `{"version":1,\n"data":${list}}`,
    ]
  ) {
    assert.deepEqual((await read("a.json", text)).rows, rows, text);
  }
  for (const text of [lines, list, list.replace(/\n/g, "")]) {
    assert.deepEqual((await read("a.jsonl", text)).rows, rows, text);
  }
  assert.deepEqual(
    (await read("a.json", '{"data":[1],"q":2}\n{"data":[]}')).rows,
    [
      [[1], 2],
      [[]],
    ],
  );
  assert.deepEqual((await read("a.json", "[]")).rows, []);
});

Deno.test("a JSON list is cut into its objects, whatever they hold", async () => {
  const objects = fc.array(
    fc.dictionary(fc.string(), fc.jsonValue(), {
      maxKeys: 4,
      noNullPrototype: true,
    })
      .filter((o) => !Object.hasOwn(o, "__proto__")),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(objects, fc.nat(3), async (list, indent) => {
      const { rows } = await read("a.json", JSON.stringify(list, null, indent));
      const wanted = JSON.parse(JSON.stringify(list)) as object[];
      const plain = JSON.parse(
        JSON.stringify(rows, (_, v) => typeof v === "bigint" ? Number(v) : v),
      );
      assert.deepEqual(plain, wanted.map((row) => Object.values(row)));
    }),
    { numRuns: 60 },
  );
});

/** What the real files of issue 22 hold, by their README. */
const CASES: [file: string, rows: number][] = [
  ["k6_two.jsonl.gz", 6],
  ["k6_padded.csv.gz", 3],
  ["k9_unquoted.tsv", 3],
  ["k9_first.tsv", 2],
  ["k12_upper.JSONL.GZ", 6],
  ["k12_lines/train.json", 6],
  ["k13_index.csv", 2],
];

for (const [file, count] of CASES) {
  withShared(`${file} has ${count} rows`, async () => {
    const table = await openTable(shared(`cases/data/${file}`));
    assert.equal((await Array.fromAsync(table.rows())).length, count);
    assert.ok(!table.columns.includes(""));
  });
}

withShared(
  "k7: latin1 is refused with its row, and read when it's said",
  async () => {
    const path = shared("cases/data/k7_latin1.json");
    await assert.rejects(openTable(path), /k7_latin1\.json: row 1: .*UTF-8/);
    const table = await openTable(path, { encoding: "latin1" });
    const [row] = await Array.fromAsync(table.rows());
    assert.deepEqual(row!.cells, { query: "café", positive: "naïve" });
    const parquet = await openTable(shared("cases/data/k7_binary.parquet"), {
      encoding: "latin1",
    });
    const rows = await Array.fromAsync(parquet.rows());
    assert.deepEqual(rows.map(({ cells }) => cells.query), ["café", "tea"]);
  },
);
