/**
 * Displays in a real Deno kernel: what a notebook's cell gets, how often, and
 * what the stop button does. Needs a Python with jupyter_client, like
 * notebook_test.ts.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../_paths.ts";
import { PYTHON, whyNoJupyter, withKernelSpec } from "./_execute_notebook.ts";

interface Message {
  type: string;
  at: number;
  late: boolean;
  content: {
    name?: string;
    text?: string;
    data?: Record<string, unknown>;
    transient?: { display_id?: string };
  };
}

interface Ran {
  messages: Message[];
  alive: boolean;
}

/** Runs cells in one kernel. */
function drive(
  cells: { code: string; interrupt?: number }[],
): Promise<Ran[]> {
  return withKernelSpec(async (env) => {
    const child = new Deno.Command(PYTHON, {
      args: [join(ROOT, "tests/e2e/_drive_kernel.py"), ROOT],
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(cells)));
    await writer.close();
    const { success, stdout, stderr } = await child.output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  });
}

const IMPORT = 'import * as R from "@tdro/tdro/report";';

/** Stands for train(): an update takes 20 ms. */
const STEPS = `
const names = ["a", "b"];
async function* steps(count: number) {
  for (let step = 0; step < count; step++) {
    yield {
      step, loss: 1 / (step + 1), losses: [1, 2], domains: [0, 1],
      gradNorm: 1, tokens: 100, seconds: 0.02,
      state: { curr: [0.5 + step / 1000, 0.5 - step / 1000] },
    };
    await new Promise((done) => setTimeout(done, 20));
  }
}`;

const missing = whyNoJupyter();

Deno.test({
  name: "what is shown by await is there before its cell ends",
  ignore: missing !== undefined &&
    Deno.env.get("TDRO_REQUIRE_JUPYTER") !== "1",
  async fn() {
    const [, ...ran] = await drive([
      { code: IMPORT },
      ...Array.from({ length: 20 }, (_, i) => ({
        code: `await R.show([{ a: ${i} }])`,
      })),
    ]);
    assert.equal(ran.length, 20);
    for (const { messages } of ran) {
      const shown = messages.filter(({ type }) => type === "display_data");
      assert.deepEqual(shown.map(({ late }) => late), [false]);
      // Nothing is shown twice.
      assert.ok(messages.every(({ type }) => type !== "execute_result"));
    }
  },
});

Deno.test({
  name: "displays in a real kernel, and its stop button",
  ignore: missing !== undefined &&
    Deno.env.get("TDRO_REQUIRE_JUPYTER") !== "1",
  async fn(t) {
    assert.equal(missing, undefined);
    const folder = await Deno.makeTempDir({ prefix: "tdro-display-" });
    const checkpoint = join(folder, "step.txt");
    const shown = (value: string) => ({ code: `R.show(${value})` });
    const [, , suite, encoder, file, watched, stopped, after] = await drive([
      { code: IMPORT },
      { code: STEPS },
      shown(`{ name: "s", tasks: [{ name: "<img src=x>", qrels: {},
        corpus: new Map([["p", {}]]), queries: new Map() }] }`),
      shown(
        `{ config: { modelType: "bert", layers: 2 }, modules: { pooling: "mean" },
        parameters: new Map([["w", { size: 12, dtype: "float32" }]]) }`,
      ),
      shown(`{ names: ["a"], weights: [1], sizes: [3], epochs: [1] }`),
      {
        code: `let seen = 0;
for await (const _ of R.watchTraining(steps(60), { names, sizes: [50, 50], total: 60 })) seen++;
seen`,
      },
      {
        code: `let last = -1;
for await (const { step } of R.watchTraining(steps(100000), {
  names,
  onInterrupt: async ({ step }) => {
    await Deno.writeTextFile(${JSON.stringify(checkpoint)}, String(step));
    return "checkpoint of step " + step;
  },
})) last = step;
last`,
        interrupt: 3,
      },
      { code: "last >= 0 ? 'alive' : 'dead'" },
    ]);

    const clean = ({ messages }: Ran) =>
      messages.filter(({ type, content }) =>
        type === "error" || type === "stream" && content.name === "stderr"
      );
    const panels = ({ messages }: Ran) =>
      messages.filter(({ type }) =>
        type === "display_data" || type === "update_display_data"
      );

    await t.step("suite, encoder and weight file are tables", () => {
      for (
        const [ran, words] of [
          [suite!, /Suite “s”: 1 task, 1 passage.*&lt;img src=x&gt;/s],
          [encoder!, /Encoder: bert, 12 parameters.*mean/s],
          [file!, /Weights of 1 task.*times uniform/s],
        ] as const
      ) {
        assert.deepEqual(clean(ran), []);
        const result = ran.messages.find((m) => m.type === "execute_result");
        assert.match(result!.content.data!["text/html"] as string, words);
      }
    });

    await t.step(
      "a run has one panel, redrawn at most four times a second",
      () => {
        assert.deepEqual(clean(watched!), []);
        const drawn = panels(watched!);
        assert.ok(drawn.length >= 2, `${drawn.length} drawings`);
        assert.deepEqual(
          drawn.map(({ type }) => type),
          drawn.map((_, i) => i ? "update_display_data" : "display_data"),
        );
        const ids = new Set(drawn.map((m) => m.content.transient?.display_id));
        assert.equal(ids.size, 1);
        // 60 updates of 20 ms and more: the last drawing comes on top.
        const span = drawn.at(-1)!.at - drawn[0]!.at;
        assert.ok(
          drawn.length <= span / 0.25 + 3,
          `${drawn.length} in ${span} s`,
        );
        const { data } = drawn.at(-1)!.content;
        assert.match(data!["text/plain"] as string, /60\/60 .* done$/);
        assert.match(data!["image/svg+xml"] as string, /Loss by task/);
        assert.match(data!["image/svg+xml"] as string, /Domain weights/);
      },
    );

    await t.step(
      "the stop button leaves a checkpoint and a clean cell",
      async () => {
        assert.deepEqual(clean(stopped!), []);
        assert.ok(stopped!.alive);
        const step = Number(await Deno.readTextFile(checkpoint));
        assert.ok(step > 0 && step < 1000, `step ${step}`);
        const { data } = panels(stopped!).at(-1)!.content;
        assert.match(
          data!["text/plain"] as string,
          new RegExp(`interrupted: checkpoint of step ${step}$`),
        );
        const result = after!.messages.find((m) => m.type === "execute_result");
        assert.match(result!.content.data!["text/plain"] as string, /alive/);
      },
    );
    await Deno.remove(folder, { recursive: true });
  },
});
