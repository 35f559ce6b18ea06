/**
 * What we write, loaded by the `datasets` library, as the reference implementation
 * does: needs a Python that has it (`TDRO_PYTHON`), and is skipped without.
 */
import assert from "node:assert/strict";
import { type TrainExample, writeTdroJsonl } from "../../lib/data/mod.ts";
import { fromFileUrl } from "../_paths.ts";
import { inTempFolder } from "./_folders.ts";

const PYTHON = Deno.env.get("TDRO_PYTHON") ?? "python3";
const SCRIPT = fromFileUrl(new URL("_load_rows.py", import.meta.url));

function hasDatasets(): boolean {
  try {
    return new Deno.Command(PYTHON, {
      args: [
        "-c",
        "import importlib.util, sys; sys.exit(not importlib.util.find_spec('datasets'))",
      ],
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

const query = { id: "1", text: "who wrote Emma?" };
const titled = { id: "p1", title: "Emma", text: "A novel" };
const untitled = { id: "p2", text: "by Jane Austen" };

/** Tasks whose passages have what those of others lack. */
const TASKS: Record<string, TrainExample[]> = {
  titles: [{ domain: 0, query, positives: [titled], negatives: [titled] }],
  none: [{ domain: 0, query, positives: [untitled], negatives: [untitled] }],
  some: [
    { domain: 0, query, positives: [untitled], negatives: [titled] },
    { domain: 0, query, positives: [titled], negatives: [untitled, untitled] },
  ],
  bare: [{ domain: 0, query, positives: [titled], negatives: [] }],
};

/** The same with a teacher's scores: whole numbers in one task, not in another. */
const SCORED: Record<string, TrainExample[]> = {
  whole: scored(TASKS.titles!, [3, -1]),
  halves: scored(TASKS.none!, [2.5, 1e-7]),
  large: scored(TASKS.some!, [1e21, 0]),
};

function scored(
  rows: TrainExample[],
  [high, low]: readonly [number, number],
): TrainExample[] {
  return rows.map((row) => ({
    ...row,
    positives: row.positives.map((p) => ({ ...p, score: high })),
    negatives: row.negatives.map((p) => ({ ...p, score: low })),
  }));
}

for (
  const [what, tasks] of Object.entries({
    "titles or none": TASKS,
    "scores": SCORED,
  })
) {
  Deno.test({
    name:
      `the datasets library loads tasks with ${what}, each and all together`,
    ignore: !hasDatasets(),
    fn: () =>
      inTempFolder(async (folder) => {
        const files: string[] = [];
        for (const [name, rows] of Object.entries(tasks)) {
          files.push(`${folder}/${name}.jsonl`);
          await writeTdroJsonl(files.at(-1)!, rows);
        }
        const { code, stdout, stderr } = await new Deno.Command(PYTHON, {
          args: [SCRIPT, `${folder}/cache`, ...files],
          env: { HF_HUB_OFFLINE: "1", HF_HOME: `${folder}/home` },
        }).output();
        assert.equal(code, 0, new TextDecoder().decode(stderr));
        const loaded = JSON.parse(new TextDecoder().decode(stdout));
        const all = Object.values(tasks);
        assert.deepEqual(loaded.rows, all.map((rows) => rows.map(asLoaded)));
        const total = all.flat().length;
        assert.deepEqual(
          [loaded.together, loaded.concatenated, loaded.interleaved],
          [total, total, total],
        );
      }),
  });
}

/** A row as the loader is to see it. */
function asLoaded({ query, positives, negatives }: TrainExample) {
  const passages = [positives, negatives].map((list) =>
    list.map(({ id, title, text, score }) => ({
      docid: id,
      text: title === undefined ? text : `${title} ${text}`,
      ...score === undefined ? {} : { ce_score: score },
    }))
  );
  return {
    query_id: query.id,
    query: query.text,
    positive_passages: passages[0],
    negative_passages: passages[1],
  };
}
