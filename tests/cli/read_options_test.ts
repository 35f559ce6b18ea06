import assert from "node:assert/strict";
import { z } from "zod";
import { readOptions } from "../../lib/cli/options/read_options.ts";
import { commandHelp } from "../../lib/cli/help/help.ts";
import type { Command } from "../../lib/cli/command.ts";
import { tempFolder } from "../_temp_folder.ts";

/** A command that has an option of every kind. */
const command: Command = {
  name: "probe",
  summary: "Take an option of every kind",
  examples: [{ about: "Nothing but what must be", line: "tdro probe in.txt" }],
  options: z.strictObject({
    source: z.string().meta({ placeholder: "FILE" }).describe("the input"),
    others: z.array(z.string()).default([]).describe("more of it"),
    learningRate: z.number().gt(0).lte(1).default(1e-4).describe("the rate"),
    steps: z.int().min(1).optional().describe("the steps"),
    shift: z.number().default(0).describe("any number"),
    mode: z.enum(["uniform", "learned"]).default("uniform").describe("the way"),
    seed: z.union([z.int(), z.literal("random")]).default("random")
      .describe("the seed"),
    limit: z.number().nullable().default(null).describe("the limit"),
    shuffle: z.boolean().default(true).describe("the order"),
    fast: z.boolean().default(false).describe("the speed"),
    weights: z.array(z.number()).default([1, 2]).describe("the weights"),
    map: z.record(z.string(), z.number()).default({}).describe("the map"),
    train: z.strictObject({
      batchSize: z.int().min(1).default(32).describe("the batch"),
      clip: z.boolean().default(true).describe("the clip"),
    }).prefault({}),
  }),
  operands: ["source", "others"],
  run: () => Promise.resolve(),
};

const DEFAULTS = {
  source: "in",
  others: [],
  learningRate: 1e-4,
  shift: 0,
  mode: "uniform",
  seed: "random",
  limit: null,
  shuffle: true,
  fast: false,
  weights: [1, 2],
  map: {},
  train: { batchSize: 32, clip: true },
};

async function read(...args: string[]): Promise<unknown> {
  return (await readOptions(command, args)).options;
}

Deno.test("readOptions() fills in the schema's defaults", async () => {
  assert.deepEqual(await read("in"), DEFAULTS);
});

Deno.test("readOptions() reads every kind of option", async () => {
  const args = "in --learning-rate 0.5 --steps=7 --mode learned --seed 3 " +
    "--limit 2.5 --no-shuffle --fast --weights 1,0.5 --weights 3 " +
    "--train.batch-size 8 --no-train.clip a,b c";
  assert.deepEqual(await read(...args.split(" "), "--map", '{"x": 1}'), {
    source: "in",
    // An operand may hold a comma: only flags are split.
    others: ["a,b", "c"],
    learningRate: 0.5,
    steps: 7,
    shift: 0,
    mode: "learned",
    seed: 3,
    limit: 2.5,
    shuffle: false,
    fast: true,
    weights: [1, 0.5, 3],
    map: { x: 1 },
    train: { batchSize: 8, clip: false },
  });
});

Deno.test("readOptions() reads negative numbers, none, and the last of two", async () => {
  assert.deepEqual(
    await read("in", "--shift", "-.5", "--limit", "1", "--limit", "none"),
    { ...DEFAULTS, shift: -0.5 },
  );
  assert.deepEqual(await read("--shift=-1e-3", "--fast=false", "--", "--odd"), {
    ...DEFAULTS,
    source: "--odd",
    shift: -1e-3,
  });
});

Deno.test("readOptions() keeps operands and texts that look like numbers", async () => {
  assert.deepEqual(await read("007", "1e3"), {
    ...DEFAULTS,
    source: "007",
    others: ["1e3"],
  });
});

/** Bad arguments, and what the message must name. */
const MISTAKES: [args: string[], names: RegExp][] = [
  [
    ["in", "--lerning-rate", "1"],
    /--lerning-rate: .*\(did you mean --learning-rate\?\)/,
  ],
  [["in", "--no-fast"], /--no-fast: no such option/],
  [["in", "--nosuffle"], /--nosuffle: .*did you mean --no-shuffle\?/],
  [["in", "--lr", "1"], /--lr: .*\(did you mean --learning-rate\?\)$/],
  [
    ["in", "--epochs=2"],
    /--epochs: .*\(did you mean --steps: it counts updates, not passes/,
  ],
  [["in", "--zzzzzzzz"], /--zzzzzzzz: no such option$/],
  [["in", "-x"], /-x: no such option/],
  [["in", "--steps"], /--steps: it needs a value/],
  [["in", "--steps="], /--steps: it needs a value/],
  [["in", "--steps", "--fast"], /--steps: it needs a value/],
  [["in", "--steps", "many"], /--steps: expected integer, ≥ 1: got "many"/],
  [["in", "--steps", "1.5"], /--steps: expected int.*: got 1\.5/],
  [["in", "--steps", "0x10"], /--steps: .*got "0x10"/],
  [["in", "--learning-rate", "2"], /--learning-rate: .*<=1: got 2/],
  [["in", "--mode", "best"], /--mode: expected uniform \| learned: got "best"/],
  [["in", "--seed", "now"], /--seed: expected integer \| random: got "now"/],
  [["in", "--weights", "1,b"], /--weights: expected number: got "b"/],
  [["in", "--map", "x=1"], /--map: expected JSON: got "x=1"/],
  [["in", "--fast=yes"], /--fast: expected true or false: got "yes"/],
  [["in", "--train.batch-size", "0"], /--train\.batch-size: .*got 0/],
  [[], /FILE is missing \(see tdro probe --help\)/],
];

for (const [args, names] of MISTAKES) {
  Deno.test(`readOptions() refuses [${args.join(" ")}] in one line`, async () => {
    await assert.rejects(read(...args), (error: Error) => {
      assert.ok(error instanceof SyntaxError || error instanceof RangeError);
      assert.match(error.message, /^Cannot [^\n]+$/);
      assert.match(error.message, names);
      return true;
    });
  });
}

async function config(content: string): Promise<string> {
  const path = `${await tempFolder()}/file.json`;
  await Deno.writeTextFile(path, content);
  return path;
}

Deno.test("readOptions() puts flags before the config file before defaults", async () => {
  const path = await config(JSON.stringify({
    source: "from-config",
    steps: 5,
    fast: true,
    weights: [9],
    train: { batchSize: 4, clip: false },
  }));
  assert.deepEqual(
    await read("--config", path, "--steps", "6", "--train.batch-size", "2"),
    {
      ...DEFAULTS,
      source: "from-config",
      steps: 6,
      fast: true,
      weights: [9],
      train: { batchSize: 2, clip: false },
    },
  );
  const { options } = await readOptions(command, [
    "in",
    "--fast=false",
    `--config=${path}`,
  ]);
  assert.equal((options as { fast: boolean }).fast, false);
  assert.equal((options as { source: string }).source, "in");
});

Deno.test("readOptions() refuses a config file that gives an option twice", async () => {
  const path = await config('{"steps": 4, "steps": 5}');
  await assert.rejects(read("in", "--config", path), {
    name: "SyntaxError",
    message:
      /^\S+: Cannot read the config file: the key "steps" is there twice$/,
  });
});

Deno.test("readOptions() takes the record of a run for a config file", async () => {
  const probe: Command = {
    ...command,
    options: z.strictObject({
      steps: z.int().min(1).describe("the steps"),
      tasks: z.array(z.string()).default([]).describe("the tasks"),
      backend: z.string().default("auto").describe("the backend"),
    }),
    operands: [],
  };
  const record = {
    format: "tdro-run/1",
    status: "finished",
    options: { steps: 5 },
    suite: { name: "docs", tasks: ["b", "a"], sha256: "0" },
    backend: { name: "wasm", device: "cpu" },
  };
  const path = await config(JSON.stringify(record));
  const { options } = await readOptions(probe, ["--config", path]);
  assert.deepEqual(options, { steps: 5, tasks: ["b", "a"], backend: "wasm" });
  const { options: varied } = await readOptions(probe, [
    "--config",
    path,
    "--backend",
    "cpu",
    "--tasks",
    "a",
  ]);
  assert.deepEqual(varied, { steps: 5, tasks: ["a"], backend: "cpu" });
  // What the command lacks is told. The folder is nobody's business, and what was
  // recorded is no misspelling.
  const other = await config(
    JSON.stringify({
      ...record,
      options: { steps: 5, stepz: 6, out: "runs/x", kind: "retriever" },
    }),
  );
  const read = await readOptions(probe, ["--config", other]);
  assert.deepEqual(read.options, {
    steps: 5,
    tasks: ["b", "a"],
    backend: "wasm",
  });
  assert.deepEqual(read.notes, [`${other}: not used: stepz`]);
});

Deno.test("readOptions() takes the record of an arena for a config file", async () => {
  const path = await config(JSON.stringify({
    settings: { learningRate: 0.5, budget: 7 },
    suite: { name: "docs", tasks: ["a"], sha256: "0" },
    backend: { name: "wasm", device: "cpu" },
  }));
  const { options, notes } = await readOptions(command, [
    "in",
    "--config",
    path,
  ]);
  assert.deepEqual(options, { ...DEFAULTS, learningRate: 0.5 });
  assert.deepEqual(notes, [`${path}: not used: budget`]);
});

Deno.test("a record's prompts, adapter and weights reach a command that writes them otherwise", async () => {
  const probe: Command = {
    ...command,
    options: z.strictObject({
      prompts: z.enum(["task", "none"]).default("task"),
      mixture: z.string().default("uniform"),
      lora: z.strictObject({
        rank: z.int().optional(),
        targets: z.array(z.string()).optional(),
      }).optional(),
    }),
    operands: [],
  };
  const record = (options: object) =>
    config(JSON.stringify({ format: "tdro-run/1", options }));
  const path = await record({
    prompts: false,
    weights: [0.1, 0.9],
    lora: { rank: 4, targets: "all-linear" },
  });
  const { options, notes } = await readOptions(probe, ["--config", path]);
  assert.deepEqual(options, {
    prompts: "none",
    mixture: path,
    lora: { rank: 4 },
  });
  assert.deepEqual(notes, []);
  const named = await record({ lora: { rank: 4, targets: ["q", "v"] } });
  const { options: kept } = await readOptions(probe, ["--config", named]);
  assert.deepEqual(kept, {
    prompts: "task",
    mixture: "uniform",
    lora: { rank: 4, targets: ["q", "v"] },
  });
});

Deno.test("readOptions() tells what of a config file the command doesn't know", async () => {
  const path = await config(JSON.stringify({
    steps: 2,
    stepz: 1,
    lr: 0.1,
    epochs: 3,
    train: { batchsize: 1, clip: false },
    qqqqqqq: {},
    __proto__x: 1,
  }));
  const { options, notes } = await readOptions(command, [
    "in",
    "--config",
    path,
  ]);
  assert.deepEqual(options, {
    ...DEFAULTS,
    steps: 2,
    train: { batchSize: 32, clip: false },
  });
  assert.deepEqual(notes, [
    `${path}: not used: stepz (did you mean steps?), ` +
    "lr (did you mean learningRate?), " +
    "epochs (did you mean steps: it counts updates, not passes over the data?), " +
    "train.batchsize (did you mean train.batchSize?), qqqqqqq, __proto__x",
  ]);
});

Deno.test("readOptions() reads YAML, and JSON under any name", async () => {
  const yaml = async (content: string) => {
    const path = `${await tempFolder()}/file.yaml`;
    await Deno.writeTextFile(path, content);
    return path;
  };
  const path = await yaml(
    "# a comment\nlearningRate: 1e-3\nweights: [1, 2.5]\nmode: learned\n" +
      "shuffle: false\nlimit: null\ntrain:\n  batchSize: 4\n",
  );
  assert.deepEqual(await read("in", "--config", path, "--mode", "uniform"), {
    ...DEFAULTS,
    learningRate: 1e-3,
    weights: [1, 2.5],
    shuffle: false,
    train: { batchSize: 4, clip: true },
  });
  const json = await yaml(
    '{\n\t"steps": 3,\n\t"train": { "batchSize": 2 }\n}\n',
  );
  assert.deepEqual(await read("in", "--config", json), {
    ...DEFAULTS,
    steps: 3,
    train: { batchSize: 2, clip: true },
  });
  const faults: [content: string, names: RegExp][] = [
    ["steps: 1\nsteps: 2\n", /:2: Cannot read the config file: Map keys must/],
    ["steps: [1\n", /: Cannot read the config file: [^\n]+$/],
    ["", /expected an object of options/],
    ["- steps\n", /expected an object of options/],
    ["steps: many\n", /: Cannot use steps: .*got "many"/],
    ["steps: *x\n", /Cannot read the config file: .*alias/i],
  ];
  for (const [content, names] of faults) {
    const path = await yaml(content);
    await assert.rejects(read("in", "--config", path), (error: Error) => {
      assert.ok(
        error instanceof SyntaxError || error instanceof RangeError,
        `${error}`,
      );
      assert.ok(error.message.startsWith(path), error.message);
      assert.match(error.message, names);
      return true;
    });
  }
});

Deno.test("readOptions() says what is wrong with a config file", async () => {
  const cases: [content: string, names: RegExp][] = [
    ['{"steps": }', /Cannot read the config file: /],
    ["[1]", /expected an object of options/],
    ['{"steps": 0}', /Cannot use steps: .*got 0/],
    ['{"train": 3}', /Cannot use .*train.*got 3/],
    ['{"train": {"batchSize": "8"}}', /Cannot use train\.batchSize: .*got "8"/],
  ];
  for (const [content, names] of cases) {
    const path = await config(content);
    await assert.rejects(read("in", "--config", path), (error: Error) => {
      assert.ok(error.message.startsWith(`${path}: Cannot `), error.message);
      assert.match(error.message, names);
      return true;
    });
  }
  await assert.rejects(
    read("in", "--config", "nowhere.json"),
    new Deno.errors.NotFound("Cannot read the config file: no nowhere.json"),
  );
  const folder = await tempFolder();
  await assert.rejects(read("in", "--config", folder), {
    name: "InvalidData",
    message: /Cannot read the config file: Is a directory/,
  });
});

Deno.test("readOptions() shows help whatever else is wrong", async () => {
  const { global } = await readOptions(command, ["--nonsense", "-h"]);
  assert.equal(global.help, true);
});

Deno.test("commandHelp() shows every option with type, bounds and default", () => {
  const help = commandHelp(
    command,
    { color: false, columns: 100 },
    { needs: ["read"], uses: ["write", "env"] },
  );
  for (
    const line of [
      /^Usage: tdro probe \[options\] FILE \[TEXT…\]$/m,
      /^ {2}FILE +the input \(required\)$/m,
      /^ {2}--learning-rate N +the rate \(number, > 0, ≤ 1; default: 0.0001\)$/m,
      /^ {2}--steps N +the steps \(integer, ≥ 1\)$/m,
      /^ {2}--mode NAME +the way \(uniform \| learned; default: uniform\)$/m,
      /^ {2}--seed N +the seed \(integer \| random; default: random\)$/m,
      /^ {2}--limit N +the limit \(number \| none; default: none\)$/m,
      /^ {2}--\[no-\]shuffle +the order \(default: true\)$/m,
      /^ {2}--fast +the speed$/m,
      /^ {2}--weights N,… +the weights \(number; default: 1,2\)$/m,
      /^ {2}--train\.batch-size N +the batch \(integer, ≥ 1; default: 32\)$/m,
      /^ {2}--\[no-\]train\.clip +the clip \(default: true\)$/m,
      /^ {2}-q, --quiet /m,
      /^ {2}needed +--allow-read$/m,
      /^ {2}some options, backends +--allow-write --allow-env$/m,
      /^ {2}tdro probe in\.txt$/m,
    ]
  ) assert.match(help, line);
});

Deno.test("commandHelp() fits the terminal", () => {
  const none = { needs: [] };
  const help = commandHelp(command, { color: false, columns: 60 }, none);
  for (const line of help.split("\n")) assert.ok(line.length <= 60, line);
  // Whatever is made bold is made plain again.
  const bold = commandHelp(command, { color: true, columns: 60 }, none);
  assert.equal(
    bold.split("\u001b[1m").length,
    bold.split("\u001b[22m").length,
  );
  assert.ok(bold.includes("\u001b[1mUsage:\u001b[22m"));
});
