import assert from "node:assert/strict";
import { muster } from "../../lib/cli/workers/muster.ts";
import { asParentLine, fromParentLine } from "../../lib/base/worker_parent.ts";
import { ROOT } from "../_paths.ts";
import { hasMpi } from "../workers/_mpi.ts";
import { inProcess } from "../workers/_in_process.ts";
import { tdro } from "./_capture.ts";
import { withSuite } from "./_with_suite.ts";

const TRAIN = ["--hidden-size", "16", "--layers", "1", "--heads", "2"].concat(
  ["--vocab-size", "300", "--batch-size", "4", "--passages", "2"],
  ["--backend", "wasm", "--no-evaluate", "--quiet"],
);

/** A process of the command line in a folder. */
function start(
  folder: string,
  args: string[],
  env: Record<string, string> = {},
) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", `${ROOT}deno.json`].concat(
      [`${ROOT}lib/cli/mod.ts`, ...args],
    ),
    cwd: folder,
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [out, err] = [child.stdout, child.stderr].map((stream) =>
    new Response(stream).text()
  ) as [Promise<string>, Promise<string>];
  const ended = async () => ({
    code: (await child.status).code,
    out: await out,
    err: await err,
  });
  return { child, ended };
}

/** Waits for a file. */
async function appears(path: string): Promise<void> {
  for (let i = 0; i < 600; i++) {
    try {
      await Deno.stat(path);
      return;
    } catch {
      await new Promise((resume) => setTimeout(resume, 50));
    }
  }
  throw new Error(`${path} doesn't appear`);
}

/** The process of a worker whose command line has a word in it. */
async function workerWith(word: string, rank: number): Promise<number> {
  const script =
    `for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/cmdline | grep -qxF "$1" &&
     tr '\\0' '\\n' < $p/environ | grep -qx "PMI_RANK=$2" && echo "\${p#/proc/}"
     done 2>/dev/null; true`;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", word, `${rank}`],
  }).output();
  return Number(new TextDecoder().decode(stdout).trim());
}

async function modelOf(folder: string): Promise<Uint8Array> {
  return await Deno.readFile(`${folder}/models/retriever/model.safetensors`);
}

Deno.test({
  name:
    "two workers that are stopped, killed and started again end as one does",
  ignore: !hasMpi,
  fn: () =>
    withSuite(async (folder) => {
      const train = (out: string, ...more: string[]) => [
        ...["train", "--suite", "suite", "--out", out, "--steps", "30"],
        ...["--checkpoint-every", "5", "--deterministic-slots", "2"],
        ...TRAIN,
        ...more,
      ];
      const one = await start(folder, train("one")).ended();
      assert.equal(one.code, 0, one.err);

      const checkpoints = `${folder}/two/checkpoints/retriever`;
      const stopped = start(folder, train("two", "--workers", "2"));
      await appears(`${checkpoints}/step-000005`);
      stopped.child.kill("SIGINT");
      const { code, out, err } = await stopped.ended();
      assert.equal(code, 130, err);
      assert.equal(out, "");
      assert.match(
        err,
        /^\nstopping at the next step; .*\ninterrupted; to resume: [^\n]*\n {2}tdro train [^\n]*--workers 2\n$/,
      );

      const killed = start(folder, train("two", "--workers", "2"));
      const before = Math.max(...await steps(checkpoints));
      const later = String(before - before % 5 + 5).padStart(6, "0");
      await appears(`${checkpoints}/step-${later}`);
      const follower = await workerWith("two", 1);
      assert.ok(follower > 0);
      Deno.kill(follower, "SIGKILL");
      const end = await killed.ended();
      assert.deepEqual([end.code, end.out], [2, ""]);
      assert.equal(
        end.err,
        "error: Cannot go on: worker 1 was ended from outside (Killed), and all others with it; run the same command again\n",
      );
      assert.equal(await workerWith("two", 0), 0, "none is left");

      const { code: last, err: said } = await start(
        folder,
        train("two", "--workers", "2"),
      ).ended();
      assert.equal(last, 0, said);
      const record = await Deno.readTextFile(`${folder}/two/run.json`);
      assert.deepEqual(JSON.parse(record).workers, [2]);
      assert.deepEqual(
        await modelOf(`${folder}/two`),
        await modelOf(`${folder}/one`),
      );
    }),
});

async function steps(checkpoints: string): Promise<number[]> {
  const names = await Array.fromAsync(Deno.readDir(checkpoints));
  return names.map(({ name }) => Number(name.replace("step-", "")) || 0);
}

Deno.test({
  name: "what workers can't start with is told once, in a line",
  ignore: !hasMpi,
  fn: () =>
    withSuite(async (folder) => {
      const args = ["mine", "--suite", "suite", "--workers", "2"];
      const { code, out, err } = await start(folder, args, {
        TDRO_MPI: "libc.so.6",
      }).ended();
      assert.equal(code, 2, err);
      assert.equal(out, "");
      assert.match(
        err,
        /^error: Cannot start workers: TDRO_MPI must name an MPI library with the standard ABI: got libc\.so\.6 [^\n]*\n$/,
      );
    }),
});

Deno.test("a count that isn't the launcher's is refused by worker 0 alone", async () => {
  const args = ["eval", "--suite", "x", "--bm25", "--workers", "3"];
  for (const [rank, said] of [["0", 1], ["1", 0]] as const) {
    Deno.env.set("PMI_RANK", rank);
    Deno.env.set("PMI_SIZE", "2");
    try {
      const { code, err } = await tdro(...args);
      assert.equal(code, 2);
      const lines = err.split("\n").filter(Boolean);
      assert.equal(lines.length, said);
      if (said === 0) continue;
      assert.equal(
        lines[0],
        "error: Cannot start workers: --workers must be the number of processes that the launcher started, 2, or be left out: got 3",
      );
    } finally {
      Deno.env.delete("PMI_RANK");
      Deno.env.delete("PMI_SIZE");
    }
  }
});

Deno.test("workers on different backends are told apart, alike on each", async () => {
  const backends = ["wasm", "cpu"] as const;
  const answers = await Promise.all(
    inProcess(2).map((workers, rank) => muster(workers, backends[rank]!)),
  );
  assert.equal(answers[1], answers[0]);
  assert.match(
    answers[0]!,
    /^Cannot start worker 1 on [^ ]+: it computes on cpu \(cpu\), worker 0 on wasm \(cpu\); set up the same backend everywhere, or name one by --backend$/,
  );
  const nowhere = await Promise.all(
    inProcess(2).map((workers) => muster(workers, "no" as "cpu")),
  );
  assert.match(
    nowhere[1]!,
    /^Cannot start worker 0 on [^ ]+: Cannot use backend "no"/,
  );
});

Deno.test("what workers say passes the launcher as ASCII", () => {
  for (
    const text of ["6 × 4 ✓\n", "a\r\u001b[2K█░ 50 %", "𝒳", "", "two\nlines\n"]
  ) {
    const line = asParentLine(text);
    assert.ok([...line].every((letter) => letter < "\x7f"));
    assert.equal(line.indexOf("\n"), line.length - 1);
    assert.equal(fromParentLine(line.slice(0, -1)), text);
  }
  assert.equal(fromParentLine("[0]1: of others"), "[0]1: of others\n");
});
