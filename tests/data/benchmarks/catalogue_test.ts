import { createHash } from "node:crypto";
import assert from "node:assert/strict";
import * as data from "../../../lib/data/mod.ts";
import file from "../../../data/catalogue.json" with { type: "json" };
import { readShared, withShared } from "../../_shared.ts";

const { catalogue, catalogueRow, MIRACL_LANGUAGES, parseCatalogue } = data;

Deno.test("every row of the catalogue is whole, its loader exists", () => {
  const rows = catalogue();
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
  for (const { name, loader, sources, note, homepage } of rows) {
    if (loader !== null) {
      assert.equal(
        typeof (data as Record<string, unknown>)[loader],
        "function",
        name,
      );
    }
    // What can't be fetched or read says what to do.
    if (sources.length === 0) assert.ok(note && homepage, name);
    if (loader === null) assert.ok(note, name);
  }
});

Deno.test("the catalogue names no host of the hub", () => {
  assert.doesNotMatch(JSON.stringify(file), /huggingface\.co|hf\.co/);
});

Deno.test("the benchmarks are complete", () => {
  const of = (benchmark: string) =>
    catalogue().filter((row) => row.benchmark === benchmark);
  const beir = of("BEIR");
  // 15 sets, one of them of 12 forums.
  assert.equal(new Set(beir.map((row) => row.group ?? row.name)).size, 15);
  assert.equal(beir.filter((row) => row.group === "cqadupstack").length, 12);
  const self = beir.filter((row) => row.ignoreIdenticalIds);
  assert.deepEqual(
    self.map(({ task }) => task).sort(),
    ["arguana", "fever", "fiqa", "msmarco", "quora"],
  );
  assert.deepEqual(
    beir.filter(({ split }) => split !== "test").map(({ task }) => task),
    ["msmarco"],
  );
  assert.deepEqual(of("MIRACL").flatMap((r) => r.languages), MIRACL_LANGUAGES);
  assert.equal(of("MKQA")[0]!.languages.length, 26);
  assert.equal(of("NanoBEIR").length, 13);
});

withShared(
  "the paper's 25 training sets, with its wording where we know it",
  () => {
    const { released_tasks: tasks } = readShared("fixtures/tdro/collator.json");
    const rows = catalogue().filter(({ kind }) => kind === "training");
    assert.deepEqual(
      rows.map(({ task }) => task).sort(),
      tasks.map(({ task }: { task: string }) => task).sort(),
    );
    let exact = 0;
    for (const task of tasks) {
      const { prompt } = rows.find((row) => row.task === task.task)!;
      assert.equal(
        prompt.passage === "same",
        task.prompt_on_passages,
        task.task,
      );
      assert.equal(prompt.query.length, task.n_instructions, task.task);
      const same = prompt.query.every((text, i) =>
        createHash("sha256").update(text).digest("hex") ===
          task.instruction_sha256[i]
      );
      assert.equal(prompt.wording === "reference", same, task.task);
      exact += +same;
    }
    assert.ok(exact >= 12, `${exact}`);
  },
);

withShared("sizes of MIRACL agree with its own topics", () => {
  for (
    const [language, count] of Object.entries({
      fr: 343,
      ko: 213,
      sw: 482,
      zh: 393,
    })
  ) {
    assert.equal(catalogueRow(`miracl/${language}`).sizes!.queries, count);
  }
});

Deno.test("parseCatalogue() and catalogueRow() say what is wrong", () => {
  const [row] = file.rows;
  const of = (rows: unknown[]) => ({ format: "tdro-catalogue/1", rows });
  const fails = (input: unknown, message: RegExp) =>
    assert.throws(() => parseCatalogue(input), {
      name: "SyntaxError",
      message,
    });
  fails({}, /Cannot read the catalogue: format/);
  fails(of([row, row]), /names must differ: got "tdro\/agnews" twice/);
  fails(of([{ ...row, licence: "x" }]), /rows\[0\]/);
  fails(of([{ ...row, languages: [] }]), /rows\[0\]\.languages/);
  assert.throws(
    () => catalogueRow("beir/scifcat"),
    /nearest are beir\/scifact/,
  );
  assert.throws(() => catalogueRow("scifact"), /nearest are beir\/scifact/);
});
