import assert from "node:assert/strict";
import {
  readBeirQrels,
  readTrecQrels,
  readTrecRun,
} from "../../lib/data/mod.ts";
import { readShared, shared, withShared } from "../_shared.ts";

interface Case {
  file: string;
  format: "trec-run" | "trec-qrels" | "beir-qrels";
  action: "accept" | "error";
  line?: number;
  reason?: string;
  rows?: [string, string, number][];
  queries?: string[];
}

const READERS = {
  "trec-run": readTrecRun,
  "trec-qrels": readTrecQrels,
  "beir-qrels": readBeirQrels,
};

/** A word of the message for each reason that the fixtures know. */
const REASONS: Record<string, RegExp> = {
  columns: /columns/,
  score: /score/,
  relevance: /grade/,
  duplicate: /again/,
  encoding: /UTF-8/,
  header: /header/,
};

withShared(
  "run and qrels files are read, or refused, as the fixtures say",
  async () => {
    const { files } = readShared("fixtures/eval/runfile/expected.json") as {
      files: Case[];
    };
    assert.equal(files.length, 59);
    for (const { file, format, action, line, reason, rows, queries } of files) {
      const path = shared(`fixtures/eval/runfile/${file}`);
      const reading = READERS[format](path);
      if (action === "error") {
        await assert.rejects(reading, (error) => {
          assert(error instanceof SyntaxError, `${file}: ${error}`);
          assert(
            error.message.startsWith(`${path}:${line}: Cannot `),
            `${file}: ${error.message}`,
          );
          assert.match(error.message, REASONS[reason!]!);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        });
        continue;
      }
      const found = await reading;
      const flat = [...found].flatMap(([query, row]) =>
        [...row].map(([passage, value]) => [query, passage, value] as const)
      );
      const order = (list: readonly (readonly [string, string, number])[]) =>
        list.map((row) => JSON.stringify(row)).sort();
      assert.deepEqual(order(flat), order(rows!), file);
      assert.deepEqual(new Set(found.keys()), new Set(queries), file);
    }
  },
);

withShared("real TREC qrels of BEIR and MIRACL are read whole", async () => {
  // Lines and queries as counted in the folder's README.
  const expected: [file: string, lines: number, queries: number][] = [
    ["qrels.beir-v1.0.0-arguana.test.txt", 1406, 1406],
    ["qrels.beir-v1.0.0-nfcorpus.test.txt", 12334, 323],
    ["qrels.beir-v1.0.0-trec-covid.test.txt", 66334, 50],
    ["qrels.miracl-v1.0-fr-dev.tsv", 3429, 343],
  ];
  for (const [file, lines, queries] of expected) {
    const qrels = await readTrecQrels(shared(`data/qrels/${file}`));
    assert.equal(qrels.size, queries, file);
    const sum = [...qrels.values()].reduce((n, row) => n + row.size, 0);
    assert.equal(sum, lines, file);
  }
});
