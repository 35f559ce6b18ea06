import assert from "node:assert/strict";
import { openIdTables } from "../../../lib/data/mod.ts";
import { folderOf } from "./_files.ts";

const FILES = {
  "data/collection.tsv": "pid\ttext\n0\tone\n1\t\n",
  "data/queries.dev.tsv": "qid\ttext\n0\twhat?\n1\tnot judged\n",
  "data/qrels.retrieval.dev.tsv": "qid\tpid\n0\t0\n0\t1\n",
};

Deno.test("openIdTables() reads collection, queries and pairs", async () => {
  const folder = await folderOf(FILES);
  const set = await openIdTables(folder, { split: "dev" });
  assert.deepEqual([...set.queries.keys()], ["0"]);
  assert.deepEqual([...set.qrels.get("0")!], [["0", 1], ["1", 1]]);
  assert.deepEqual(await Array.fromAsync(set.passages()), [
    { id: "0", text: "one" },
    { id: "1", text: "" },
  ]);
});

Deno.test("openIdTables() says which file or line is wrong", async () => {
  await assert.rejects(openIdTables(await folderOf(FILES)), {
    name: "NotFound",
    message: /it needs queries\.train\.tsv$/,
  });
  const folder = await folderOf({
    ...FILES,
    "data/collection.tsv": "h\n0 one\n",
  });
  const { passages } = await openIdTables(folder, { split: "dev" });
  await assert.rejects(Array.fromAsync(passages()), {
    name: "SyntaxError",
    message: /collection\.tsv:2: .*must have 2 columns.*got "0 one"$/,
  });
});
