import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeSuite } from "../../lib/data/mod.ts";
import { onBackends } from "../_backends.ts";
import { ROOT } from "../_paths.ts";
import { toySuite } from "../_toy_suite.ts";

const SETTINGS = [
  ...["--hidden-size", "16", "--vocab-size", "200", "--negatives", "3"],
  ...["--steps", "10", "--weight-steps", "10", "--checkpoint-every", "5"],
  ...["--batch-size", "6", "--weight-batch-size", "6"],
];

function command(backend: string, suite: string, out: string) {
  return new Deno.Command(Deno.execPath(), {
    cwd: ROOT,
    args: [
      ...["run", "--allow-all", "lib/cli/mod.ts", "run"],
      ...["--suite", suite, "--out", out, "--backend", backend],
      ...SETTINGS,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

/** Starts a run and presses Ctrl-C once its log has so many lines. */
async function interruptAt(
  lines: number,
  start: Deno.Command,
  out: string,
): Promise<{ code: number; stderr: string }> {
  const child = start.spawn();
  const ended = child.output();
  const poll = setInterval(() => {
    try {
      const log = Deno.readTextFileSync(`${out}/metrics.jsonl`);
      if (log.split("\n").length > lines) {
        clearInterval(poll);
        child.kill("SIGINT");
      }
    } catch {
      // Not there yet.
    }
  }, 5);
  const { code, stderr } = await ended;
  clearInterval(poll);
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** What two runs must have in common, to the bit. */
function fingerprint(out: string): Record<string, unknown> {
  const sha = (path: string) =>
    createHash("sha256").update(Deno.readFileSync(`${out}/${path}`))
      .digest("hex");
  return {
    models: ["uniform", "reweighted", "top70"].map((arm) =>
      sha(`models/${arm}/model.safetensors`)
    ),
    weights: Deno.readTextFileSync(`${out}/weights.json`),
    evaluation: sha("eval.json"),
    log: Deno.readTextFileSync(`${out}/metrics.jsonl`).trim().split("\n")
      .map((line) => ({ ...JSON.parse(line), seconds: 0 })),
  };
}

onBackends(
  "interrupted runs, gone on with in new processes, give the same bits",
  async (backend) => {
    const folder = await Deno.makeTempDir();
    await writeSuite(toySuite(), `${folder}/suite`);
    const whole = await command(backend, `${folder}/suite`, `${folder}/whole`)
      .output();
    assert.ok(whole.success, new TextDecoder().decode(whole.stderr));

    const out = `${folder}/broken`;
    const again = () => command(backend, `${folder}/suite`, out);
    // In stage 0, in stage 1, and in stage 2: 10 updates each.
    for (const lines of [4, 13, 27]) {
      const { code, stderr } = await interruptAt(lines, again(), out);
      assert.equal(code, 130, stderr);
      assert.match(stderr, /goes on from the last checkpoint/);
    }
    const last = await again().output();
    assert.ok(last.success, new TextDecoder().decode(last.stderr));
    assert.deepEqual(fingerprint(out), fingerprint(`${folder}/whole`));
    await Deno.remove(folder, { recursive: true });
  },
);
