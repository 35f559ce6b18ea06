import assert from "node:assert/strict";
import { openSuite, suiteRows, trainExamples } from "../../lib/data/mod.ts";
import { readShared, shared, withShared } from "../_shared.ts";

withShared("openSuite() opens all tasks of the shared suite", async () => {
  const start = performance.now();
  const suite = await openSuite(shared("data/suite"));
  const seconds = (performance.now() - start) / 1000;
  const names = suite.tasks.map((task) => task.name);
  assert.equal(names.length, 34);
  assert.deepEqual(names, [...names].sort());
  for (const [domain, row] of suiteRows(suite).entries()) {
    const info = readShared(`data/suite/${row.task}/task.json`);
    assert.equal(row.domain, domain);
    assert.equal(row.kind, info.type);
    assert.equal(row.passages, info.counts.corpus, row.task);
    for (const split of ["train", "dev", "test"] as const) {
      assert.equal(row[split], info.counts[`queries_${split}`] ?? 0, row.task);
    }
  }
  const rows = trainExamples(suite);
  assert.equal(rows.length, 34);
  console.log(
    `${rows.flat().length} training rows of 34 tasks in ${
      seconds.toFixed(1)
    } s`,
  );
});
