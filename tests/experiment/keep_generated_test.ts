import assert from "node:assert/strict";
import { keepGenerated } from "../../lib/experiment/mod.ts";
import { openMinedFolder } from "../../lib/experiment/mined_folder.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";

const suite = { ...toySuite(), tasks: toySuite().tasks.slice(0, 1) };
const [task] = suite.tasks;
const query = "shades-q2"; // which shade has the red song
const passage = (n: number, text: string, grade = 0) => ({
  id: `llm-${query}-${n}`,
  text,
  grade,
});

Deno.test("what a model wrote is held to the rules of mining, and trained on", async () => {
  await inTempFolder(async (out) => {
    const written = [
      passage(1, "a song of an old lamp"),
      passage(2, "which shade has the red song, which shade"), // scores too high
      passage(3, "the shade of a red song."), // the positive
      passage(4, "A song of an old lamp!"), // the first one
      passage(5, "the sky over a red river"),
    ];
    const kept = await keepGenerated(task!, new Map([[query, written]]), {
      out,
      settings: { by: "llm", count: 5 },
    });
    assert.deepEqual(
      kept.negatives.get(query),
      [1, 5].map((n) => `llm-${query}-${n}`),
    );
    const { leftOutScore, leftOutText, missing, queries } = kept.statistics;
    assert.deepEqual([leftOutScore, leftOutText, missing, queries], [
      1,
      2,
      0,
      1,
    ]);
    assert.equal(kept.similarities.length, 5);
    // Twice the positive's words score above it; it doesn't score above itself.
    assert.ok(kept.similarities[1]! > 1);
    assert.ok(Math.abs(kept.similarities[2]! - 1) < 0.01);

    const folder = await openMinedFolder(out, suite);
    const [[row]] = await folder.rows() as unknown as [
      [{ negatives: unknown[]; positives: { id: string }[] }],
    ];
    assert.deepEqual(
      row.negatives,
      [written[0], written[4]].map((each) => {
        const { id, text } = each!;
        return { id, text };
      }),
    );
    assert.deepEqual(row.positives.map(({ id }) => id), ["shades-p2"]);
  });
});

Deno.test("grades become positives, negatives and a teacher's scores", async () => {
  await inTempFolder(async (out) => {
    const written = [
      passage(1, "a red song has this very shade, they say", 3),
      passage(2, "songs may have shades", 2),
      passage(3, "a song of an old lamp", 1),
      passage(4, "the house by the river", 0),
    ];
    await keepGenerated(task!, new Map([[query, written]]), {
      out,
      scored: true,
      settings: { by: "llm" },
    });
    const [[row]] = await (await openMinedFolder(out, suite))
      .rows() as unknown as [[
        Record<"positives" | "negatives", { id: string; score: number }[]>,
      ]];
    const scores = (list: { id: string; score: number }[]) =>
      Object.fromEntries(list.map(({ id, score }) => [id, score]));
    assert.deepEqual(scores(row.positives), {
      "shades-p2": 3,
      [`llm-${query}-1`]: 3,
    });
    assert.deepEqual(scores(row.negatives), {
      [`llm-${query}-3`]: 1,
      [`llm-${query}-4`]: 0,
    });
  });
});

Deno.test("a passage under an id of the corpus is refused", async () => {
  const written = [{ id: "shades-p3", text: "another", grade: 0 }];
  await assert.rejects(
    keepGenerated(task!, new Map([[query, written]]), { settings: {} }),
    /^RangeError: Cannot keep passages for task "shades": .*"shades-p3"/,
  );
});
