import assert from "node:assert/strict";
import { type MediaBundle, watchProgress } from "../../../lib/report/mod.ts";

async function* work(log: string[]) {
  try {
    for (let done = 1; done <= 3; done++) {
      yield { stage: "a", label: "counting <b>", done, total: 3 };
    }
    const curve = [0.2, 0.4, 0.3];
    yield {
      stage: "b",
      label: "adding",
      done: 1,
      total: 1,
      note: "sum 6",
      curve,
    };
    return 6;
  } finally {
    log.push("closed");
  }
}

Deno.test("watchProgress() shows a bar for each stage, and gives the result", async () => {
  const bundles: MediaBundle[] = [];
  const log: string[] = [];
  const result = await watchProgress(work(log), {
    intervalMs: 0,
    display: (bundle) => {
      bundles.push(bundle);
      return Promise.resolve();
    },
  });
  assert.equal(result, 6);
  assert.deepEqual(log, ["closed"]);
  const html = bundles.at(-1)!["text/html"] as string;
  assert.equal(html.match(/<progress /g)!.length, 2);
  assert.match(html, /counting &lt;b&gt;/);
  assert.doesNotMatch(html, /<b>/);
  assert.match(html, /<svg [^>]*aria-label="from 0\.200 to 0\.300"/);
  assert.equal(bundles.at(-1)!["text/plain"], "counting <b>\nadding: sum 6");
});

Deno.test("watchProgress() shows sentences without a bar", async () => {
  const bundles: MediaBundle[] = [];
  async function* planned() {
    const lines = ["plan: 3 updates", "cut: <b> 5 %"];
    yield { stage: "plan", label: lines[0]!, lines, done: 1, total: 1 };
    await Promise.resolve();
  }
  await watchProgress(planned(), {
    intervalMs: 0,
    display: (bundle) => {
      bundles.push(bundle);
      return Promise.resolve();
    },
  });
  const html = bundles.at(-1)!["text/html"] as string;
  assert.doesNotMatch(html, /<progress /);
  assert.match(html, /plan: 3 updates<br>cut: &lt;b&gt; 5 %/);
  assert.equal(
    bundles.at(-1)!["text/plain"],
    "plan: 3 updates\ncut: <b> 5 %",
  );
});

Deno.test("watchProgress() keeps one row for the stages of a strategy", async () => {
  const arms = [["doremi", 1], ["tdro", 1], ["doremi", 2]] as const;
  async function* arena() {
    for (const [row, seed] of arms) {
      for (const part of ["learning", "training"]) {
        const stage = `${row}, seed ${seed}: ${part}`;
        yield { stage, label: stage, done: 1, total: 1, row };
      }
    }
  }
  const bundles: MediaBundle[] = [];
  await watchProgress(arena(), {
    intervalMs: 0,
    display: (bundle) => Promise.resolve(void bundles.push(bundle)),
  });
  const { "text/html": html, "text/plain": text } = bundles.at(-1)!;
  assert.equal((html as string).match(/<tr>/g)!.length, 2);
  assert.match(html as string, /<td [^>]*>doremi<\/td>/);
  assert.equal(text, "doremi, seed 2: training\ntdro, seed 1: training");
});

Deno.test("watchProgress() prints a line outside a notebook", async () => {
  let printed = "";
  await watchProgress(work([]), {
    write: (text) => printed += text,
    terminal: false,
  });
  assert.match(printed, /^counting <b> {2}1\/3\n/);
  assert.match(printed, /adding {2}1\/1 {2}sum 6\n$/);
});

/** A program whose work has no end of its own; `deno test` keeps SIGINT to itself. */
const PROGRAM = `
import { watchProgress } from "${
  import.meta.resolve("../../../lib/report/notebook/watch_progress.ts")
}";
async function* work() {
  try {
    for (let done = 0;; done++) {
      yield { stage: "a", label: "waiting", done, total: 0 };
      if (done === 3) Deno.kill(Deno.pid, "SIGINT");
      await new Promise((resume) => setTimeout(resume, 5));
    }
  } finally {
    console.log("closed");
  }
}
const display = () => Promise.resolve();
await watchProgress(work(), { display }).catch((e) => console.log(e.message));
`;

Deno.test("watchProgress() stops between two steps when a notebook is interrupted", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", PROGRAM],
  }).output();
  assert.match(
    new TextDecoder().decode(stdout),
    /^closed\nstopped; rerun this cell/,
  );
});
