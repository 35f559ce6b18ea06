import assert from "node:assert/strict";
import { crc32c } from "../../lib/experiment/export/crc32c.ts";
import { eventFile } from "../../lib/experiment/export/tensorboard.ts";
import { exportRun, type Tracker } from "../../lib/experiment/mod.ts";
import { isUserError, tdro } from "../cli/_capture.ts";
import { writeFakeArena, writeFakeRun } from "./_fake_runs.ts";
import { tempFolder } from "../_temp_folder.ts";

const PYTHON = Deno.env.get("TDRO_TRACKERS_PYTHON") ?? "python3";
const REQUIRED = Deno.env.get("TDRO_REQUIRE_TRACKERS") === "1";

/** What Python prints, as JSON; undefined if it ends otherwise than well. */
function python(
  code: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): unknown {
  try {
    const { success, stdout, stderr } = new Deno.Command(PYTHON, {
      args: ["-c", code, ...args],
      env,
    }).outputSync();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (success) return JSON.parse(text(stdout));
    if (args.length > 0) assert.fail(text(stderr));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function without(module: string): boolean {
  const find = "import importlib.util as u; print(int(bool(u.find_spec('" +
    module + "'))))";
  return !REQUIRED && python(find) !== 1;
}

const TASKS = ["a@b", "a_at_b", "ß ü:x"];

/** A run with losses of tasks whose names trackers don't like. */
async function withRun(work: (folder: string, run: string) => Promise<void>) {
  const folder = await tempFolder();
  try {
    const run = `${folder}/mine`;
    await writeFakeRun(run, { tasks: TASKS, dev: true });
    const log = `${run}/metrics.jsonl`;
    const lines = (await Deno.readTextFile(log)).trim().split("\n")
      .map((line) => JSON.parse(line));
    for (const [i, line] of lines.entries()) {
      line.lossByTask = { "a@b": i, "a_at_b": 10 + i };
    }
    lines[0].gradNorm = null; // how JSON writes NaN
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    await Deno.writeTextFile(log, text);
    await work(folder, run);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("crc32c() gives the values of RFC 3720", () => {
  assert.equal(crc32c(bytesOf("123456789")), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(
    crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)),
    0x46dd794e,
  );
});

Deno.test("an event file has the bytes that TensorBoard's begin with", () => {
  const bytes = eventFile([{ name: "x", step: 300, value: 0.5, time: 2 }]);
  // The length 24, its masked checksum, and a time: in every file of TensorFlow's.
  assert.equal(bytes.subarray(0, 13).toHex(), "1800000000000000a37f4b2209");
  const second = bytes.subarray(8 + 4 + 24 + 4);
  assert.equal(
    second.subarray(12, 12 + second[0]!).toHex(),
    "090000000000000040" + // time 2
      "10ac02" + // step 300
      "2a0a" + "0a08" + "0a0178" + "150000003f", // "x": 0.5
  );
  assert.equal(second.length, 12 + second[0]! + 4);
});

/** What each reader makes of the exported stage `weights`. */
const READ: Record<"tensorboard" | "mlflow", string> = {
  tensorboard: `import json, sys
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
m = EventMultiplexer().AddRunsFromDirectory(sys.argv[1])
m.Reload()
print(json.dumps({run: {tag: [[e.step, e.value] for e in m.Scalars(run, tag)]
  for tag in tags["scalars"]} for run, tags in m.Runs().items()}))`,
  mlflow: `import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient(tracking_uri="file://" + sys.argv[1])
[experiment] = client.search_experiments()
runs = client.search_runs([experiment.experiment_id])
assert experiment.name == "tdro fake"
assert all(r.info.status == "FINISHED" for r in runs)
assert all(r.data.params["steps"] == "4" for r in runs)
assert all(r.data.tags["backend"] == "wasm on cpu" for r in runs)
print(json.dumps({r.info.run_name: {key: [[m.step, m.value]
  for m in client.get_metric_history(r.info.run_id, key)]
  for key in r.data.metrics} for r in runs}))`,
};

for (const to of ["tensorboard", "mlflow"] as const) {
  Deno.test({
    name: `${to} itself reads what is exported for it`,
    ignore: without(to),
    fn: () =>
      withRun(async (folder, run) => {
        const out = `${folder}/out`;
        // A second export takes the place of the first.
        for (let i = 0; i < 2; i++) await exportRun(run, { to, out });
        const read = python(READ[to], [out], {
          MLFLOW_ALLOW_FILE_STORE: "true",
        }) as Record<string, Record<string, [number, number][]>>;
        assert.deepEqual(Object.keys(read).sort(), [
          ...["mine/reweighted", "mine/top", "mine/uniform"],
          "mine/weights",
        ]);
        const names = to === "mlflow"
          ? ["loss/a_at_b", "loss/a_at_b-2", "test/nDCG_at_10", "ß ü_x"]
          : ["loss/a@b", "loss/a_at_b", "test/nDCG@10", "ß ü:x"];
        const [first, second, score, odd] = names as [
          ...[string, string, string, string],
        ];
        const uniform = read["mine/uniform"]!;
        // Lines of the two stages take turns.
        assert.deepEqual(uniform[first], [[0, 0], [1, 2], [2, 4], [3, 6]]);
        assert.deepEqual(uniform[second]!.map(([, v]) => v), [10, 12, 14, 16]);
        assert.deepEqual(
          uniform["train/gradNorm"],
          [[1, 1], [2, 1], [3, 1]],
        );
        const { mean } = JSON.parse(
          await Deno.readTextFile(`${run}/summary.json`),
        );
        const dev = uniform[to === "mlflow" ? "dev/nDCG_at_10" : "dev/nDCG@10"];
        assert.deepEqual(dev!.map(([step]) => step), [0, 2, 4]);
        const [[step, value]] = uniform[score] as [[number, number]];
        assert.equal(step, 4);
        assert.equal(Math.fround(value), Math.fround(mean.uniform));
        assert.equal(read["mine/weights"]![`weight/${odd}`]!.length, 4);
        assert.equal(read["mine/top"]![score]!.length, 1);
      }),
  });
}

Deno.test("another run's events are not mixed with these", () =>
  withRun(async (folder, run) => {
    const out = `${folder}/out`;
    await exportRun(run, { to: "tensorboard", out });
    const other = `${folder}/other/mine`;
    await writeFakeRun(other, { seed: 2 });
    const refused = await tdro(
      ...["export", other, "--to", "tensorboard", "--out", out],
    );
    assert.ok(isUserError(refused), refused.err);
    assert.match(refused.err, /holds the events of another run/);
  }));

Deno.test("an arena and an unfinished run can be exported", async () => {
  const folder = await tempFolder();
  await writeFakeArena(`${folder}/arena`);
  for (const seed of ["seed-2", "seed-10"]) {
    await Deno.mkdir(`${folder}/arena/${seed}`);
    const line = { stage: "tdro", step: 0, loss: 1, lossByTask: {} };
    await Deno.writeTextFile(
      `${folder}/arena/${seed}/metrics.jsonl`,
      `${JSON.stringify({ ...line, gradNorm: 1, seconds: 1 })}\n{"stage":"td`,
    );
  }
  for (const to of ["tensorboard", "mlflow", "wandb"] as Tracker[]) {
    const out = `${folder}/${to}`;
    const files = await exportRun(`${folder}/arena`, { to, out });
    assert.equal(files.length, to === "wandb" ? 3 : 2);
    for (const file of files) assert.ok(await Deno.stat(file));
  }
  const text = await Deno.readTextFile(
    `${folder}/wandb/arena/seed-10/tdro.jsonl`,
  );
  const [head, ...lines] = text.trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  assert.equal(head.name, "arena/seed-10/tdro");
  assert.deepEqual(head.config.steps, "4");
  assert.deepEqual(lines, [{
    step: 0,
    values: { "train/loss": 1, "train/gradNorm": 1, "train/seconds": 1 },
  }]);
  const nothing = await tdro("export", folder, "--to", "mlflow");
  assert.ok(isUserError(nothing), nothing.err);
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "upload.py gives each line to W&B's client",
  ignore: python("print(1)") !== 1,
  fn: () =>
    withRun(async (folder, run) => {
      const out = `${folder}/out`;
      await exportRun(run, { to: "wandb", out });
      // Stands for the client, and prints what it is told.
      await Deno.writeTextFile(
        `${out}/wandb.py`,
        `import json
class init:
    def __init__(self, **settings): print(json.dumps(settings))
    def __enter__(self): return self
    def __exit__(self, *error): pass
    def log(self, values, step): print(json.dumps([step, values]))
`,
      );
      const { stdout } = await new Deno.Command(PYTHON, {
        args: [`${out}/upload.py`, `${out}/mine/uniform.jsonl`],
      }).output();
      const said = new TextDecoder().decode(stdout).trim().split("\n")
        .map((line) => JSON.parse(line));
      assert.equal(said[0].name, "mine/uniform");
      assert.equal(said[0].config.seed, "1");
      assert.deepEqual(said.slice(1).map(([step]) => step), [0, 1, 2, 3, 4]);
      assert.equal(said[2][1]["loss/a@b"], 2);
    }),
});
