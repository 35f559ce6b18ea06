import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeSuite } from "../../lib/data/mod.ts";
import { onBackends } from "../_backends.ts";
import { ROOT } from "../_paths.ts";
import { toySuite } from "../_toy_suite.ts";
import { tempFolder } from "../_temp_folder.ts";

const SETTINGS = [
  ...["--hidden-size", "16", "--vocab-size", "200", "--negatives", "3"],
  ...["--steps", "10", "--weight-steps", "10", "--checkpoint-every", "5"],
  ...["--batch-size", "6", "--weight-batch-size", "6"],
];

/** A run in a process of its own, whole or until its log has so many lines. */
async function run(
  { backend, suite, out, lines }: {
    backend: string;
    suite: string;
    out: string;
    lines?: number;
  },
): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    cwd: ROOT,
    args: [
      "run",
      "--allow-all",
      "tests/e2e/_interrupt_at.ts",
      `${lines ?? Infinity}`,
      `${out}/metrics.jsonl`,
      "run",
      "--suite",
      suite,
      "--out",
      out,
      "--backend",
      backend,
      ...SETTINGS,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** What two runs must have in common, to the bit. */
function fingerprint(out: string): Record<string, unknown> {
  const sha = (path: string) =>
    createHash("sha256").update(Deno.readFileSync(`${out}/${path}`))
      .digest("hex");
  return {
    models: ["uniform", "reweighted", "top"].map((arm) =>
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
    const folder = await tempFolder();
    const suite = `${folder}/suite`;
    await writeSuite(toySuite(), suite);
    const whole = await run({ backend, suite, out: `${folder}/whole` });
    assert.equal(whole.code, 0, whole.stderr);

    const out = `${folder}/broken`;
    // In stage 0, in stage 1, and in stage 2: 10 updates each.
    for (const lines of [4, 13, 27]) {
      const { code, stderr } = await run({ backend, suite, out, lines });
      assert.equal(code, 130, stderr);
      assert.match(stderr, /resumes from the last checkpoint/);
    }
    const last = await run({ backend, suite, out });
    assert.equal(last.code, 0, last.stderr);
    assert.deepEqual(fingerprint(out), fingerprint(`${folder}/whole`));
    await Deno.remove(folder, { recursive: true });
  },
);
