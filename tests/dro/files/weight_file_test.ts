import assert from "node:assert/strict";
import { formatWeightFile } from "../../../lib/dro/files/format_weight_file.ts";
import { parseWeightFile } from "../../../lib/dro/files/parse_weight_file.ts";
import {
  readWeightFile,
  writeWeightFile,
} from "../../../lib/dro/files/read_weight_file.ts";
import { saveWeightFiles } from "../../../lib/dro/files/save_weight_files.ts";
import { selectTop } from "../../../lib/dro/select_top.ts";
import {
  type WeightFile,
  weightFile,
} from "../../../lib/dro/files/weight_file.ts";
import { initialWeightState } from "../../../lib/dro/update/weight_state.ts";
import { fitWeights, weightsFor } from "../../../lib/dro/files/weights_for.ts";
import { readShared, shared, withShared } from "../../_shared.ts";
import { tempFolder } from "../../_temp_folder.ts";

const PUBLISHED = "fixtures/tdro/published";

withShared("the published files come out byte for byte", async () => {
  const target = await tempFolder();
  let files = 0;
  for await (const { name } of Deno.readDir(shared(PUBLISHED))) {
    const path = shared(`${PUBLISHED}/${name}`);
    const file = await readWeightFile(path);
    await writeWeightFile(`${target}/${name}`, file);
    assert.equal(
      await Deno.readTextFile(`${target}/${name}`),
      await Deno.readTextFile(path),
      name,
    );
    // The epochs too are what the formula gives, to the last bit.
    assert.deepEqual(weightFile(file).epochs, file.epochs, name);
    files++;
  }
  assert.equal(files, 12);
  await Deno.remove(target, { recursive: true });
});

withShared(
  "the published selections come out of the published weights",
  async () => {
    const curr = await readWeightFile(shared(`${PUBLISHED}/curr_weights.json`));
    for (const percent of [20, 30, 40, 50, 60, 70, 80, 90]) {
      assert.equal(
        formatWeightFile(selectTop(curr, percent)),
        await Deno.readTextFile(
          shared(`${PUBLISHED}/top${percent}_weights.json`),
        ),
        `top${percent}`,
      );
    }
  },
);

interface SelectionCase {
  name: string;
  percents: number[];
  weights_file?: string;
  domain_ids: Record<string, number>;
  domain_weights: Record<string, number>;
  size: Record<string, number>;
  expected: Record<string, {
    domain_ids: Record<string, number>;
    /** In the published case. */
    names_in_order?: string[];
    weight_each?: number;
    /** In the synthetic cases. */
    domain_weights?: Record<string, number>;
    epoch: Record<string, number>;
  }>;
  expected_epoch: Record<string, unknown>;
}

function epochsClose(file: WeightFile, expected: Record<string, number>): void {
  assert.deepEqual(file.names.toSorted(), Object.keys(expected).toSorted());
  file.names.forEach((name, k) => {
    const want = expected[name]!;
    // The reference holds weights in float32 (1e-7), and some of these numbers
    // are printed with 7 digits (5e-7 at worst).
    assert.ok(Math.abs(file.epochs[k]! - want) <= 6e-7 * want, name);
  });
}

withShared(
  "selections and epochs match the reference in all cases",
  async (t) => {
    const { cases } = readShared("fixtures/tdro/selection.json") as {
      cases: SelectionCase[];
    };
    assert.equal(cases.length, 4);
    for (const one of cases) {
      await t.step(one.name, async () => {
        const curr = one.weights_file
          ? await readWeightFile(shared(`fixtures/tdro/${one.weights_file}`))
          : weightFile({
            names: Object.keys(one.domain_ids),
            ids: Object.values(one.domain_ids),
            weights: Object.keys(one.domain_ids).map((n) =>
              one.domain_weights[n]!
            ),
            sizes: Object.keys(one.domain_ids).map((n) => one.size[n]!),
          });
        for (const percent of one.percents) {
          const expected = one.expected[`top${percent}`]!;
          const top = selectTop(curr, percent);
          const names = expected.names_in_order ??
            Object.keys(expected.domain_ids).sort((a, b) =>
              expected.domain_ids[a]! - expected.domain_ids[b]!
            );
          assert.deepEqual(top.names, names);
          top.names.forEach((name, k) => {
            assert.equal(top.ids[k], expected.domain_ids[name]);
            const weight = expected.weight_each ??
              expected.domain_weights![name]!;
            // The fixture holds at least 9 significant digits.
            assert.ok(Math.abs(top.weights[k]! - weight) < 1e-9);
          });
          epochsClose(top, expected.epoch);
        }
        const epochs = (one.expected_epoch.curr ?? one.expected_epoch) as {
          [name: string]: number;
        };
        epochsClose(weightFile(curr), epochs);
      });
    }
  },
);

const small = weightFile({
  names: ["nq", "été", "10"],
  ids: [4, 2, 9],
  weights: [1, 1e-5, 0],
  sizes: [3, 100, 7],
});

Deno.test("numbers are written as Python writes them", () => {
  const text = formatWeightFile(small);
  assert.match(text, /"nq": 1\.0,\n/);
  assert.match(text, /"été": 1e-05,\n/);
  assert.match(text, /"10": 0\.0\n/);
  assert.match(text, /"size": \{\n {8}"nq": 3,\n/);
  const large = weightFile({ names: ["a"], weights: [1e16], sizes: [1] });
  assert.match(formatWeightFile(large), /"a": 1e\+16/);
  const edge = weightFile({ names: ["a"], weights: [1e-4], sizes: [1] });
  assert.match(formatWeightFile(edge), /"a": 0\.0001/);
});

Deno.test("a file survives writing and reading, whatever its names", () => {
  const back = parseWeightFile(formatWeightFile(small));
  // JSON.parse puts names that look like numbers first; all else stays.
  assert.deepEqual(back.names, ["10", "nq", "été"]);
  assert.deepEqual(back.ids, [9, 4, 2]);
  assert.deepEqual(back.weights, [0, 1, 1e-5]);
  const more: WeightFile = {
    ...weightFile({ names: ["a"], weights: [1], sizes: [1] }),
    groupCount: 1,
    categories: { a: ["x", "y"] },
  };
  assert.deepEqual(parseWeightFile(formatWeightFile(more)), more);
});

Deno.test("an empty selection is a file with empty objects", () => {
  const empty = selectTop(small, 10);
  assert.equal(
    formatWeightFile(empty),
    '{\n    "domain_ids": {},\n    "domain_weights": {},\n    "size": {},\n    "epoch": {}\n}',
  );
  assert.deepEqual(parseWeightFile(formatWeightFile(empty)), empty);
});

Deno.test("of equal weights the lower id is selected", () => {
  const file = weightFile({
    names: ["a", "b", "c"],
    ids: [2, 0, 1],
    weights: [1, 1, 1],
    sizes: [1, 1, 1],
  });
  assert.deepEqual(selectTop(file, 67).names, ["b", "c"]);
  assert.deepEqual(selectTop([1, 1, 1], 67), [0, 1]);
  assert.throws(() => selectTop([1], 101), /percent must be in \[0, 100\]/);
  assert.throws(() => selectTop([NaN], 50), /weights\[0\].*got NaN/);
});

Deno.test("saveWeightFiles() writes the three kinds of weights and the selections", async () => {
  const folder = await tempFolder();
  const state = {
    ...initialWeightState([0.2, 0.8]),
    mean: [0.3, 0.7],
    ema: [0.4, 0.6],
  };
  const paths = await saveWeightFiles(`${folder}/weights`, state, {
    names: ["a", "b"],
    sizes: [10, 20],
  });
  assert.equal(paths.length, 11);
  const weights = async (kind: string) =>
    (await readWeightFile(`${folder}/weights/${kind}_weights.json`)).weights;
  assert.deepEqual(await weights("curr"), state.curr);
  assert.deepEqual(await weights("mean"), state.mean);
  assert.deepEqual(await weights("ema"), state.ema);
  assert.deepEqual(await weights("top90"), [1]);
  assert.deepEqual(await weights("top20"), []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("weightsFor() matches by name, and takes the part that a suite has", () => {
  assert.deepEqual(weightsFor(["10", "nq", "été"], small), [0, 1, 1e-5]);
  const { weights, unused, leftOut } = fitWeights(["nq", "10"], small);
  assert.deepEqual([weights, unused, leftOut], [[1, 0], ["été"], []]);
});

Deno.test("weightsFor() names the tasks that have no weight, but for a selection", () => {
  assert.throws(
    () => weightsFor(["nq", "x", "10", "y"], small),
    /^RangeError: Cannot use these weights: they have none for x, y; use weights learned on this suite, or leave those tasks out$/,
  );
  const top = fitWeights(["10", "nq", "été"], selectTop(small, 67));
  assert.deepEqual(top.weights, [0, 0.5, 0.5]);
  assert.deepEqual(top.leftOut, ["10"]);
  for (const file of [selectTop(small, 0), selectTop(small, 67)]) {
    assert.throws(
      () => weightsFor(["10"], file),
      /none of the suite's 1 tasks/,
    );
  }
});

Deno.test("a bad weight file is one line that names file and fault", async () => {
  const good = {
    domain_ids: { a: 0, b: 1 },
    domain_weights: { a: 0.5, b: 0.5 },
    size: { a: 1, b: 2 },
  };
  const of = (change: object) => () =>
    parseWeightFile(JSON.stringify({ ...good, ...change }), { path: "w.json" });
  const faults: [() => unknown, RegExp][] = [
    [
      () => parseWeightFile('{\n  "a": ,\n}', { path: "w.json" }),
      /^w\.json: Cannot read weights: not JSON: Unexpected token ','/,
    ],
    [
      () => parseWeightFile('{\n  "a": 1\n', { path: "w.json" }),
      /^w\.json:3: Cannot read weights: not JSON: /,
    ],
    [
      of({ n_group: 2 }),
      /^w\.json: Cannot read weights: unknown key "n_group"; the keys are/,
    ],
    [of({ size: undefined }), /^w\.json: Cannot read weights: size: /],
    [of({ domain_weights: { a: -1, b: 1 } }), /: domain_weights\.a: /],
    [of({ domain_weights: { a: "1", b: 1 } }), /: domain_weights\.a: /],
    [
      of({ domain_weights: { a: 1 } }),
      /has the task "b", domain_weights doesn't/,
    ],
    [
      of({ size: { a: 1, b: 2, c: 3 } }),
      /size has the task "c", domain_ids doesn't/,
    ],
    [of({ domain_ids: { a: 1, b: 1 } }), /the id 1 appears twice/],
    [of({ domain_ids: { a: 0.5, b: 1 } }), /: domain_ids\.a: /],
    [of({ size: { a: 0, b: 1 } }), /: size\.a: /],
    [
      () => parseWeightFile("[]"),
      /^weight file: Cannot read weights: the file: /,
    ],
  ];
  for (const [call, message] of faults) {
    assert.throws(call, (error) => {
      assert.ok(error instanceof SyntaxError, `${error}`);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"), error.message);
      return true;
    });
  }
  await assert.rejects(readWeightFile("nowhere/w.json"), (error) => {
    assert.ok(error instanceof Deno.errors.NotFound);
    assert.match(error.message, /there is no file nowhere\/w\.json; check/);
    return true;
  });
});

Deno.test("weightFile() rejects what it can't write", () => {
  const of = (change: object) => () =>
    weightFile({
      names: ["a", "b"],
      weights: [1, 1],
      sizes: [1, 1],
      ...change,
    });
  assert.throws(of({ weights: [1] }), /weights must have one entry.*got 1/);
  assert.throws(of({ weights: [1, NaN] }), /the weight of "b".*got NaN/);
  assert.throws(of({ sizes: [1, 0] }), /the size of "b".*got 0/);
  assert.throws(of({ names: ["a", "a"] }), /the name "a" appears twice/);
  assert.throws(of({ ids: [3, 3] }), /the id 3 appears twice/);
  assert.throws(of({ ids: [3, -1] }), /the id of "b"/);
});

Deno.test("a weight file keeps tasks called like what objects inherit", () => {
  const names = ["__proto__", "constructor", "b"];
  const file = {
    ...weightFile({ names, weights: [1, 2, 3], sizes: [4, 5, 6] }),
    categories: Object.fromEntries([["__proto__", ["b"]]]),
  };
  assert.deepEqual(parseWeightFile(formatWeightFile(file)), file);
  assert.deepEqual(weightsFor(["b", ...names.slice(0, 2)], file), [3, 1, 2]);
});
