import assert from "node:assert/strict";
import { readWeightFile, replayWeights } from "../../lib/dro/mod.ts";
import { isUserError, tdro } from "./_capture.ts";
import { tempFolder } from "../_temp_folder.ts";

const LINES = [
  { losses: [2, 1, 0.5], reference_losses: [1, 1, 1], domains: [0, 1, 2] },
  { losses: [3, 1, 1], reference_losses: [1, 2, 1], domains: [0, 0, 2] },
  { losses: [1, 1], reference_losses: [1, 1], domains: [1, 1] },
];
const HEADER = { tasks: ["nq", "quora", "xsum"], sizes: [10, 20, 30] };

async function logFile(...lines: object[]): Promise<string> {
  const path = `${await tempFolder()}/losses.jsonl`;
  const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
  await Deno.writeTextFile(path, text);
  return path;
}

const observations = LINES.map(({ losses, reference_losses, domains }) => ({
  losses,
  referenceLosses: reference_losses,
  domains,
}));

Deno.test("weights replay prints the weights that replayWeights() gives", async () => {
  const path = await logFile(HEADER, ...LINES);
  const line = [path, "--eta", "0.1", "--measure", "ratio-of-means", "--json"];
  const rows = JSON.parse((await tdro("weights", "replay", ...line)).out);
  const { state } = replayWeights(observations, {
    eta: 0.1,
    measure: "ratio-of-means",
  });
  const order = [0, 1, 2].sort((a, b) => state.curr[b]! - state.curr[a]!);
  assert.deepEqual(
    rows,
    order.map((id) => ({
      task: HEADER.tasks[id],
      id,
      size: HEADER.sizes[id],
      start: 1 / 3,
      weight: state.curr[id],
      mean: state.mean[id],
      ema: state.ema[id],
    })),
  );
  const { out } = await tdro("weights", "replay", path);
  assert.match(out, /^task +id +size +start +weight +mean +ema\n/);
  assert.match(out, /\n3 updates from 3 micro-batches\n$/);
});

Deno.test("weights replay --out writes what a run writes", async () => {
  const path = await logFile(HEADER, ...LINES);
  const folder = `${await tempFolder()}/weights`;
  const { code } = await tdro("weights", "replay", path, "--out", folder);
  assert.equal(code, 0);
  const file = await readWeightFile(`${folder}/curr_weights.json`);
  assert.deepEqual(file.names, HEADER.tasks);
  assert.deepEqual(file.sizes, HEADER.sizes);
  assert.deepEqual(file.weights, replayWeights(observations).state.curr);
  await readWeightFile(`${folder}/top70_weights.json`);
  // The files can be started from, in any order, and then name the tasks.
  const bare = await logFile(...LINES);
  const start = `${folder}/ema_weights.json`;
  const rows = JSON.parse(
    (await tdro("weights", "replay", bare, "--start", start, "--json")).out,
  );
  const before = (await readWeightFile(start)).weights;
  const { state } = replayWeights(observations, { start: before });
  for (const { id, task, weight } of rows) {
    assert.equal(task, HEADER.tasks[id]);
    assert.equal(weight, state.curr[id]);
  }
});

Deno.test("weights replay notes what it left out", async () => {
  const path = await logFile(...LINES);
  await Deno.writeTextFile(path, `{"losses": [1`, { append: true });
  const { err } = await tdro("weights", "replay", path, "--accumulate", "2");
  assert.match(
    err,
    /losses\.jsonl:4: the last line breaks off and is left out/,
  );
  assert.match(err, /the last 1 micro-batches make no whole update/);
});

Deno.test("weights replay takes the update's settings from the log, flags before it", async () => {
  const update = {
    measure: "ratio-of-means",
    eta: 0.1,
    accumulate: 3,
  } as const;
  const numbered = LINES.map((line, step) => ({ step, ...line }));
  const header = { ...HEADER, ...update };
  const whole = await logFile(header, ...numbered);
  // The same in two jobs' logs; the second one takes up the first one's step 1.
  const jobs = [
    await logFile(header, numbered[0]!, { ...numbered[1]!, losses: [9, 9, 9] }),
    await logFile(header, ...numbered.slice(1)),
  ];
  const weights = async (...args: string[]) =>
    JSON.parse((await tdro("weights", "replay", ...args, "--json")).out)
      .sort((a: { id: number }, b: { id: number }) => a.id - b.id)
      .map((row: { weight: number }) => row.weight);
  const { curr } = replayWeights(observations, update).state;
  assert.deepEqual(await weights(whole), curr);
  assert.deepEqual(await weights(...jobs), curr);
  // A floor in the header holds for the header's measure.
  const floor = { reference_floor: 3, ...header };
  assert.deepEqual(
    await weights(await logFile(floor, ...numbered)),
    replayWeights(observations, { ...update, referenceFloor: 3 }).state.curr,
  );
  const flags = ["--eta", "0.2", "--accumulate", "1", "--measure", "raw"];
  assert.deepEqual(
    await weights(whole, ...flags),
    replayWeights(observations, { eta: 0.2, measure: "raw" }).state.curr,
  );
});

Deno.test("weights replay says in one line what is wrong", async () => {
  const path = await logFile(...LINES);
  const folder = await tempFolder();
  const foreign = `${folder}/foreign.json`;
  await Deno.writeTextFile(
    foreign,
    `{"domain_ids": {"a": 7}, "domain_weights": {"a": 1}, "size": {"a": 1}}`,
  );
  for (
    const args of [
      ["nowhere.jsonl"],
      [folder], // no run
      [path, "--out", `${folder}/x`], // no names
      [path, "--accumulate", "4"],
      [path, "--start", foreign],
      [await logFile({ losses: [1], domain: [0] })],
    ]
  ) {
    const outcome = await tdro("weights", "replay", ...args);
    assert.ok(isUserError(outcome), JSON.stringify(outcome));
  }
});
