import assert from "node:assert/strict";
import {
  columnFromArray,
  int64,
  tableFromColumns,
  tableToIPC,
} from "@uwdata/flechette";
import { parquetWriteBuffer } from "hyparquet-writer";
import { importFiles, pairs } from "./_cases.ts";

const NAMES = ["entailment", "neutral", "contradiction"];
const METADATA = JSON.stringify({
  info: {
    features: {
      premise: { dtype: "string", _type: "Value" },
      label: { names: NAMES, _type: "ClassLabel" },
      topic: { names: ["sports", "news"], _type: "ClassLabel" },
    },
  },
});
const COLUMNS = {
  premise: ["a", "a", "a", "b"],
  hypothesis: ["x", "y", "z", "x"],
  label: [0, 1, 2, 2],
  topic: [0, 0, 0, 1],
};

function parquet(metadata = METADATA): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({
    columnData: Object.entries(COLUMNS).map(([name, data]) => ({
      name,
      data,
      type: typeof data[0] === "string" ? "STRING" : "INT32",
    })),
    kvMetadata: [{ key: "huggingface", value: metadata }],
  }));
}

function arrow(): Uint8Array {
  const table = tableFromColumns({
    premise: columnFromArray(COLUMNS.premise),
    hypothesis: columnFromArray(COLUMNS.hypothesis),
    label: columnFromArray(COLUMNS.label.map(BigInt), int64()),
    topic: columnFromArray(COLUMNS.topic.map(BigInt), int64()),
  });
  table.schema.metadata = new Map([["huggingface", METADATA]]);
  return tableToIPC(table, { format: "stream" })!;
}

const PAIR = { query: "premise", passage: "hypothesis" };

for (
  const [name, bytes] of [
    ["a.parquet", parquet()],
    ["a.arrow", arrow()],
  ] as const
) {
  Deno.test(`${name}: class numbers are asked about by their names, and mapped by them`, async () => {
    const files = { [name]: bytes };
    await assert.rejects(
      importFiles(files, PAIR),
      /column "label" \(entailment, neutral, contradiction\) may tell which rows match.*--map-labels entailment=1/,
    );
    await assert.rejects(
      importFiles(files, { ...PAIR, score: "label" }),
      /numbers of classes \(0 = entailment, 1 = neutral, 2 = contradiction\).*--map-labels entailment=1,neutral=0,contradiction=0/,
    );
    for (
      const mapLabels of [
        ["entailment=1", "neutral=none", "contradiction=0"],
        ["0=1", "neutral=none", "2=0"],
      ]
    ) {
      const options = { ...PAIR, score: "label", mapLabels };
      const { task, record } = await importFiles(files, options);
      assert.deepEqual(pairs(task), ["a → x: 1", "a → z: 0", "b → x: 0"]);
      assert.equal(record.rows.label, 1);
    }
    await assert.rejects(
      importFiles(files, {
        ...PAIR,
        score: "label",
        mapLabels: ["entailment=1", "neutral=0"],
      }),
      /got "2" \(contradiction\); add "contradiction=…"/,
    );
    const { suite } = await importFiles(files, {
      ...PAIR,
      score: null,
      task: "topic",
    });
    assert.deepEqual(suite.tasks.map(({ name }) => name), ["sports", "news"]);
  });
}

Deno.test("what else stands under huggingface is no matter", async () => {
  for (const text of ["", "{", "[]", '{"info":{"features":{"label":1}}}']) {
    const { task } = await importFiles({ "a.parquet": parquet(text) }, {
      ...PAIR,
      score: "label",
    });
    assert.equal(pairs(task).length, 4);
  }
});

Deno.test("files whose numbers stand for other classes are no one table", async () => {
  const other = METADATA.replace(
    '["entailment","neutral","contradiction"]',
    '["contradiction","neutral","entailment"]',
  );
  assert.notEqual(other, METADATA);
  await assert.rejects(
    importFiles({ "train.parquet": parquet(), "test.parquet": parquet(other) }),
    /column "label" stand for other classes in one file than in another .*; import the files one by one$/,
  );
  const same = { "train.parquet": parquet(), "test.parquet": parquet() };
  await assert.rejects(importFiles(same, PAIR), /column "label"/);
});
