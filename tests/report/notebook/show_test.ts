import assert from "node:assert/strict";
import { table } from "arquero";
import {
  DISPLAY,
  type DisplayFunction,
  htmlTable,
  liveDisplay,
  type MediaBundle,
  resultsTable,
  show,
  weightsPlot,
} from "../../../lib/report/mod.ts";
import { testClock } from "../../_test_clock.ts";
import { HOSTILE, resultRows, TASKS } from "../_sample_rows.ts";

Deno.test("the display symbol is the one that Jupyter kernels look for", () => {
  assert.equal(DISPLAY, Symbol.for("Jupyter.display"));
});

Deno.test("show() of a plot: the specification, an SVG and a line of text", async () => {
  const spec = weightsPlot(resultRows(TASKS));
  const bundle = await show(spec)[DISPLAY]();
  assert.deepEqual(Object.keys(bundle), [
    "application/vnd.vegalite.v5+json",
    "image/svg+xml",
    "text/plain",
  ]);
  const shown = bundle["application/vnd.vegalite.v5+json"] as typeof spec;
  assert.deepEqual({ ...shown, config: {} }, { ...spec, config: {} });
  assert.match(bundle["image/svg+xml"] as string, /^<svg .*dom-prose<\/text>/s);
  assert.equal(bundle["text/plain"], `[plot] ${spec.title.text.join(" ")}`);
});

Deno.test("show() of a plot: no ground, and ink for light and dark pages", async () => {
  const spec = weightsPlot(resultRows(TASKS));
  const config = spec.config as Record<string, Record<string, unknown>>;
  config.axis!.labelColor = "#00ff00"; // a user's choice stays
  const bundle = await show(spec)[DISPLAY]();
  const svg = bundle["image/svg+xml"] as string;
  assert.equal(config.background, "#ffffff", "the plot itself is as it was");
  assert.match(svg, /fill="#00ff00"/);
  // Ink: on white 4.5:1 and on JupyterLab's dark ground 4:1, at least.
  const ink = new Set(
    [...svg.matchAll(/<text [^>]*fill="(#[0-9a-f]{6})"/g)].map(([, c]) => c!),
  );
  ink.delete("#00ff00");
  assert.ok(ink.size > 0);
  for (const color of ink) {
    assert.ok(contrast(color, "#ffffff") >= 4.5, color);
    assert.ok(contrast(color, "#111111") >= 4, color);
  }
  // A ground would be a rectangle of the size of the picture.
  assert.doesNotMatch(svg, /<rect width="\d+" height="\d+" fill="(?!none)/);
  // Whoever has no config has chosen so.
  const bare = { $schema: spec.$schema, mark: "bar", data: { values: [] } };
  const { "application/vnd.vegalite.v5+json": same } = await show(bare)
    [DISPLAY]();
  assert.deepEqual(same, bare);
});

/** Contrast of two colours by WCAG 2. */
function contrast(a: string, b: string): number {
  const light = (color: string) => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const c = parseInt(color.slice(at, at + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

Deno.test("show() of a table: escaped HTML, data, text, all capped", async () => {
  const rows = resultsTable(resultRows([...HOSTILE, ...TASKS]));
  const bundle = await show(rows, { maxRows: 4, caption: "<i>" })[DISPLAY]();
  const html = bundle["text/html"] as string;
  assert.match(html, /<caption>&lt;i&gt;<\/caption>/);
  assert.doesNotMatch(html, /<script|<img/);
  assert.match(html, /… 14 more rows/);
  const data = bundle["application/vnd.dataresource+json"] as {
    data: Record<string, unknown>[];
    schema: { fields: { name: string; type: string }[] };
  };
  assert.equal(data.data.length, 4);
  assert.deepEqual(data.data[0], rows.object(0));
  assert.deepEqual(
    data.schema.fields.slice(0, 3),
    [
      { name: "task", type: "string" },
      { name: "size", type: "integer" },
      { name: "weight", type: "number" },
    ],
  );
  assert.match(bundle["text/plain"] as string, /^<i>\n\ntask /);
});

Deno.test("show() sets texts to the left against Jupyter's style sheet", async () => {
  const rows = [{ text: "one", n: 1 }];
  const bundle = await show(rows)[DISPLAY]();
  assert.match(
    bundle["text/html"] as string,
    /<th scope="row" align="left" style="text-align: left">one<.*<td align="right" style="text-align: right" data-value="1">/,
  );
  // Elsewhere a security policy may forbid inline styles.
  assert.doesNotMatch(htmlTable(rows), /style/);
});

Deno.test("show() of rows that JSON lacks words for gives JSON all the same", async () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const rows = table({
    big: [1n],
    nan: [NaN],
    date: [new Date(0)],
    map: [new Map([["a", cycle]])],
    array: [new Float32Array([0.5])],
  });
  const bundle = await show(rows)[DISPLAY]();
  const { data } = bundle["application/vnd.dataresource+json"] as {
    data: unknown;
  };
  assert.deepEqual(data, [{
    big: "1",
    nan: "NaN",
    date: "1970-01-01T00:00:00.000Z",
    map: { a: { self: "[circular]" } },
    array: [0.5],
  }]);
  assert.doesNotThrow(() => JSON.stringify(bundle));
});

Deno.test("show() of anything else is text", async () => {
  assert.deepEqual(await show("a\nb")[DISPLAY](), { "text/plain": "a\nb" });
  assert.deepEqual(await show([])[DISPLAY](), { "text/plain": "[]" });
  assert.deepEqual(await show([1, 2])[DISPLAY](), { "text/plain": "[ 1, 2 ]" });
  assert.deepEqual(await show(undefined)[DISPLAY](), {
    "text/plain": "undefined",
  });
  assert.equal(`${show(null)}`, "null");
});

/** A display function that notes its calls; each takes `ms`. */
function recorder(ms = 0) {
  const calls: {
    bundle: MediaBundle;
    id: string;
    update: boolean;
    at: number;
  }[] = [];
  const display: DisplayFunction = async (bundle, { displayId, update }) => {
    calls.push({ bundle, id: displayId, update, at: performance.now() });
    if (ms > 0) await new Promise((done) => setTimeout(done, ms));
  };
  const texts = () => calls.map((call) => call.bundle["text/plain"]);
  return { calls, display, texts };
}

Deno.test("liveDisplay() outside a notebook does nothing and runs nothing", async () => {
  const live = liveDisplay();
  assert.equal(live.active, false);
  live.update(() => {
    throw new Error("must not run");
  });
  await live.close();
});

Deno.test("liveDisplay() updates one display in place and ends with the last state", async () => {
  const { calls, display, texts } = recorder();
  const live = liveDisplay({ display, intervalMs: 10_000 });
  let made = 0;
  for (let i = 0; i < 100; i++) live.update(() => `state ${(made++, i)}`);
  await live.close();
  live.update("after the end");
  await live.close();
  // The first at once (it is what was newest when drawing began: the first),
  // the last at close; nothing between, as the interval is longer than the test.
  assert.deepEqual(texts(), ["state 0", "state 99"]);
  assert.equal(made, 2);
  assert.deepEqual(calls.map((call) => call.update), [false, true]);
  assert.equal(calls[0]!.id, calls[1]!.id);
});

Deno.test("liveDisplay() draws what waits when its time comes, without another update", async () => {
  using clock = testClock();
  const { display, texts } = recorder();
  await using live = liveDisplay({ display, intervalMs: 20 });
  live.update("one");
  live.update("two");
  live.update("three");
  await clock.tickAsync(19);
  assert.deepEqual(texts(), ["one"]);
  await clock.tickAsync(1);
  assert.deepEqual(texts(), ["one", "three"]);
});

Deno.test("liveDisplay() never draws two at once, and slow drawing makes it rarer", async () => {
  using clock = testClock();
  let busy = 0, most = 0;
  const { calls, display } = recorder(20);
  const live = liveDisplay({
    intervalMs: 0,
    display: async (bundle, options) => {
      most = Math.max(most, ++busy);
      await display(bundle, options);
      busy--;
    },
  });
  for (let ms = 0; ms < 300; ms++) {
    live.update(ms);
    await clock.tickAsync(1);
  }
  await Promise.all([live.close(), clock.tickAsync(20)]);
  assert.equal(most, 1);
  // A drawing takes 20 ms, and four times that passes before the next: three in
  // the time, and the one at close.
  assert.deepEqual(calls.map((call) => call.at), [0, 100, 200, 300]);
});

Deno.test("liveDisplay() reports a fault at close, and goes on meanwhile", async () => {
  using clock = testClock();
  const { display, texts } = recorder();
  const live = liveDisplay({ display, intervalMs: 0 });
  live.update(() => {
    throw new RangeError("Cannot draw this");
  });
  await clock.tickAsync(5);
  live.update("fine");
  await assert.rejects(live.close(), /Cannot draw this/);
  assert.deepEqual(texts(), ["fine"]);
  assert.throws(
    () => liveDisplay({ intervalMs: NaN }),
    /intervalMs must be a number/,
  );
});

Deno.test("show() of a suite is a table of its tasks", async () => {
  const [task] = HOSTILE;
  const suite = {
    name: "docs",
    tasks: [{
      name: task!,
      kind: "qa",
      language: ["en", "de"],
      prompt: "find:",
      corpus: new Map([["p", { id: "p", text: "t" }]]),
      queries: new Map([["q", { id: "q", text: "t" }]]),
      qrels: { train: new Map([["q", new Map([["p", 1]])]]) },
    }],
  };
  const bundle = await show(suite)[DISPLAY]();
  assert.match(
    bundle["text/html"] as string,
    /<caption>Suite “docs”: 1 task, 1 passage<\/caption>/,
  );
  assert.doesNotMatch(bundle["text/html"] as string, /<script/);
  assert.deepEqual(
    (bundle["application/vnd.dataresource+json"] as { data: unknown[] }).data,
    [{
      task,
      kind: "qa",
      language: "en de",
      passages: 1,
      queries: 1,
      train: 1,
      dev: 0,
      test: 0,
      prompt: "find:",
    }],
  );
  assert.match(String(show(suite)), /^Suite “docs”/);
});

Deno.test("show() of an encoder is a card", () => {
  const text = String(show({
    config: {
      modelType: "bert",
      layers: 6,
      hiddenSize: 384,
      maxPositions: 258,
    },
    modules: {
      pooling: "mean",
      normalize: true,
      prompts: { query: "query: " },
    },
    maxLength: 256,
    parameters: new Map([
      ["a", { size: 3_000_000, trainable: true, dtype: "float32" }],
      ["b", { size: 500_000, trainable: false, dtype: "float32" }],
    ]),
    tokenizer: {},
  }));
  assert.match(text, /^Encoder: bert, 3\.5M parameters/);
  for (
    const line of [
      "family +bert",
      "layers +6",
      "width +384",
      "parameters +3,500,000",
      "trainable parameters +3,000,000",
      "pooling +mean",
      "normalised +yes",
      "longest text \\(tokens\\) +256",
      'prompt “query” +"query: "',
    ]
  ) assert.match(text, new RegExp(`^${line}$`, "m"));
});

Deno.test("show() of a weight file is a table, the heaviest task first", () => {
  const text = String(show({
    names: ["light", "heavy"],
    ids: [0, 1],
    weights: [0.25, 0.75],
    sizes: [10, 20],
    epochs: [0.75, 1.125],
  }, { digits: 2 }));
  assert.match(
    text,
    /^Weights of 2 tasks\n\ntask[^\n]*\n[^\n]*\nheavy +0\.75 +1\.50 +20 +1\.13\nlight/,
  );
});

Deno.test("show() leaves objects to show themselves that can", async () => {
  const own = { [DISPLAY]: () => Promise.resolve({ "text/plain": "mine" }) };
  assert.deepEqual(await show(own)[DISPLAY](), { "text/plain": "mine" });
});

Deno.test("show() of a finished run and of an arena are tables of their scores", () => {
  const text = String(show({
    summary: {
      suite: "docs",
      seed: 3,
      mean: { uniform: 0.5, reweighted: 0.75 },
      tasks: [{
        name: "a",
        size: 10,
        weight: 1,
        ndcg: { uniform: 0.5, reweighted: 0.75 },
      }],
    },
    metrics: [],
  }, { digits: 2 }));
  assert.match(
    text,
    /^Run on “docs”, seed 3: mean nDCG@10 uniform 0\.5000, reweighted 0\.7500\n/,
  );
  assert.match(text, /^a +10 +1 +0\.50 +0\.75$/m);
  const strategy = {
    difference: 0,
    interval: null,
    pHolm: null,
    proxySteps: 0,
  };
  const arena = String(show({
    format: "tdro-arena/1",
    suite: "docs",
    seeds: [1],
    strategies: [
      { ...strategy, name: "uniform", mean: 0.25 },
      {
        ...strategy,
        name: "tdro",
        mean: 0.5,
        difference: 0.25,
        interval: [0.125, 0.375],
        pHolm: 0.01,
        proxySteps: 8,
      },
    ],
  }, { digits: 3 }));
  assert.match(
    arena,
    /^Arena on “docs”: 2 strategies, 1 seed\n[^]*^tdro +0\.500 +\+0\.250 +0\.125 +0\.375 +0\.010 +8\nuniform +0\.250 +– /m,
  );
});
