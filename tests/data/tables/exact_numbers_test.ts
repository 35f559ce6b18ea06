import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonValue } from "../../../lib/base/json_value.ts";
import { openMkqa, openTable, taskFromFile } from "../../../lib/data/mod.ts";
import { inTempFolder, writeFiles } from "../_folders.ts";
import { fromFileUrl } from "../../_paths.ts";
import { shared, withShared } from "../../_shared.ts";

const FILES = fromFileUrl(new URL("./files", import.meta.url));

/** A JSON number as people and programs write them. */
const number = fc.stringMatching(
  /^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,3})?$/,
);

Deno.test("a JSON number is read as it is written, wherever it stands", () => {
  const place = fc.constantFrom<(n: string) => string>(
    (n) => n,
    (n) => `{"a":${n}}`,
    (n) => `{"a" : [ 1,\n\t${n} ]}`,
    (n) => `[{"b":{"c":${n}}}]`,
  );
  const inner = (value: unknown): unknown =>
    typeof value === "object" && value !== null
      ? inner(Object.values(value).at(-1))
      : value;
  fc.assert(
    fc.property(number, place, (n, at) => {
      assert.equal(`${inner(jsonValue(at(n), { exact: true }))}`, n);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("exact or not, other values are the same, and plain numbers numbers", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const plain = JSON.parse(text);
      const exact = jsonValue(text, { exact: true });
      // Numbers that would change are text or bigint, and give the number.
      const numbers = JSON.stringify(
        exact,
        (_, v) => typeof v === "bigint" ? Number(v) : v,
      );
      assert.deepEqual(JSON.parse(numbers), plain);
    }),
  );
  assert.deepEqual(jsonValue("[1,-1,0.5,9007199254740991]", { exact: true }), [
    1,
    -1,
    0.5,
    9007199254740991,
  ]);
});

Deno.test("ids of JSON lines, lists and CSV stay two where a number holds one", async () => {
  await inTempFolder(async (folder) => {
    const [a, b] = ["1610521604143693812", "1610521604143693813"];
    await writeFiles(folder, {
      "a.jsonl":
        `{"query":"a","docid":${a},"passage":"x"}\n{"query":"b","docid":${b},"passage":1.50}\n`,
      "a.json":
        `[{"query":"a","docid":${a},"passage":"x"},{"query":"b","docid":${b},"passage":1.50}]`,
      "a.csv": `query,docid,passage\na,${a},x\nb,${b},1.50\n`,
    });
    for (const name of ["a.jsonl", "a.json", "a.csv"]) {
      const { corpus } = await taskFromFile(`${folder}/${name}`);
      assert.deepEqual([...corpus.keys()], [a, b], name);
      assert.equal(corpus.get(b)!.text, "1.50", name);
    }
  });
});

Deno.test("grades count whatever their form is", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "a.jsonl": ["1.0", "0.0", "2e0", "0.50", "-0"].map((score, i) =>
        `{"query":"q${i}","passage":"p${i}","score":${score}}\n`
      ).join(""),
    });
    const { qrels } = await taskFromFile(`${folder}/a.jsonl`, {
      score: "score",
      minScore: 0.5,
      dev: 0,
      test: 0,
    });
    assert.deepEqual(
      [...qrels.train!.values()].map((grades) => [...grades.values()][0]),
      [1, 0, 1, 1, 0],
    );
  });
});

Deno.test("MKQA's ids of 18 digits stay", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "de.jsonl":
        '{"id":563260143484355911,"question":"wer?","answers":["x"]}\n{"id":-8204930391,"question":"was?","answers":[]}\n',
    });
    const questions = await openMkqa(folder, ["de"]);
    assert.deepEqual(questions.get("de")!.map(({ id }) => id), [
      "563260143484355911",
      "-8204930391",
    ]);
  });
});

Deno.test("parquet: decimals of all widths, and integers of 64 bits", async () => {
  const table = await openTable(`${FILES}/exact.parquet`);
  const rows = await Array.fromAsync(table.rows());
  const text = (_: string, v: unknown) => typeof v === "bigint" ? `${v}` : v;
  assert.deepEqual(JSON.parse(JSON.stringify(rows[0]!.cells, text)), {
    d4: "1.50",
    d18: "-1610521604143693.812",
    d38: "12345678901234567890123456789012345.678",
    d76: "0.0000000001",
    whole: "12345678901234567891",
    i64: "-9223372036854775808",
    u64: "18446744073709551615",
    listed: ["0.10", null],
    held: { id: "7.0", list: [{ n: "-0.05" }] },
    bytes: "café",
  });
  assert.deepEqual(
    Object.values(rows[1]!.cells).map((cell) => cell ?? null),
    Array(10).fill(null),
  );
});

withShared("k5: ids and texts of the real files", async () => {
  const ids = await taskFromFile(shared("cases/data/k5_ids.jsonl"));
  assert.deepEqual([...ids.corpus.keys()], [
    "1610521604143693812",
    "1610521604143693999",
  ]);
  const clash = await taskFromFile(shared("cases/data/k5_clash.json"));
  assert.equal(clash.corpus.size, 2);
  const answers = await taskFromFile(shared("cases/data/k5_answers.jsonl"));
  assert.deepEqual([...answers.corpus.values()].map(({ text }) => text), [
    "12345678901234567891",
    "1e21",
  ]);
});

withShared(
  "k7: bytes of a parquet file that are no text are refused with their row",
  async () => {
    const table = await openTable(shared("cases/data/k7_binary.parquet"));
    await assert.rejects(
      Array.fromAsync(table.rows()),
      /k7_binary\.parquet: row 1: Cannot read column "query": its bytes aren't UTF-8/,
    );
  },
);
