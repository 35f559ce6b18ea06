import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { version } from "vega";
import {
  heatmapPlot,
  ndcgPlot,
  renderSvg,
  weightsPlot,
} from "../../../lib/report/mod.ts";
import { textWidth, wrapText } from "../../../lib/report/tables/text_width.ts";
import { ndcgRows, resultRows, TASKS } from "../_sample_rows.ts";

Deno.test("importing the room loads neither vega nor vega-lite", async () => {
  const room = fileURLToPath(
    new URL("../../../lib/report/mod.ts", import.meta.url),
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", room],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: {
      dependencies?: { specifier: string; isDynamic?: boolean }[];
    }[];
  };
  const vega = modules.flatMap((module) => module.dependencies ?? [])
    .filter(({ specifier }) => specifier.startsWith("vega"));
  assert.deepEqual(vega.map(({ specifier }) => specifier).sort(), [
    "vega",
    "vega-embed",
    "vega-lite",
  ]);
  assert.ok(vega.every(({ isDynamic }) => isDynamic === true));
});

Deno.test("renderSvg() is the same each time, also for several at once", async () => {
  const spec = ndcgPlot(ndcgRows(TASKS));
  const [a, b] = await Promise.all([renderSvg(spec), renderSvg(spec)]);
  assert.equal(a, b);
  assert.equal(await renderSvg(spec), a);
  // Vega numbers the gradients of all drawings together.
  const cells = heatmapPlot([{ task: "a", arm: "b", value: 1 }]);
  assert.match(await renderSvg(cells), /url\(#gradient_0\)/);
  assert.equal(await renderSvg(cells), await renderSvg(cells));
});

// Parts of vega 6.2 bring a second vega-scenegraph along, which its textMetrics
// doesn't reach; from 6.3 on there is one.
const oneScenegraph = Number(version.split(".")[1]) >= 3;

Deno.test({
  name:
    "renderSvg() gives labels the room they take, Chinese and narrow ones alike",
  ignore: !oneScenegraph,
  fn: async () => {
    const widthWith = async (task: string) => {
      const svg = await renderSvg(weightsPlot([{ task, weight: 1 }]));
      return Number(/ width="([\d.]+)"/.exec(svg)![1]);
    };
    const base = await widthWith("i");
    // 1 em of 12 px each; vega's own guess is 0.8 em whatever the letter.
    assert.ok(await widthWith("課".repeat(60)) - base >= 60 * 12 - 4);
    // Helvetica's i is 0.222 em wide.
    const narrow = await widthWith("i".repeat(61)) - base;
    assert.ok(narrow >= 60 * 0.222 * 12 && narrow < 60 * 0.4 * 12);
  },
});

Deno.test("renderSvg() on a page takes the page's ink and no ground", async () => {
  const spec = weightsPlot(resultRows(TASKS));
  const print = await renderSvg(spec);
  const page = await renderSvg(spec, { inheritColor: true });
  assert.match(print, /<rect [^>]*fill="#ffffff"/);
  assert.doesNotMatch(print, /currentColor/);
  assert.doesNotMatch(page, /#ffffff|#1f2328|#57606a/);
  assert.match(page, /fill="currentColor"/);
  // The given plot is not changed.
  assert.deepEqual(spec, weightsPlot(resultRows(TASKS)));
});

Deno.test("renderSvg() takes the description given, escaped", async () => {
  const svg = await renderSvg(weightsPlot([{ task: "a", weight: 1 }]), {
    description: `"><script>$&`,
  });
  assert.ok(svg.includes(' aria-label="&quot;&gt;&lt;script&gt;$&amp;" '));
});

Deno.test("renderSvg() passes warnings on", async () => {
  const spec = weightsPlot([{ task: "a", weight: 1 }]);
  spec.layer[0].encoding.size = { field: "task", type: "nominal" };
  const warnings: string[] = [];
  await renderSvg(spec, { onWarning: (warning) => warnings.push(warning) });
  assert.ok(warnings.length > 0);
});

Deno.test("renderSvg() refuses links and faulty specifications in one line", async () => {
  await assert.rejects(
    renderSvg({
      data: { url: "http://localhost/x.csv" },
      mark: "point",
      encoding: {},
    }),
    {
      name: "RangeError",
      message:
        'Cannot render a plot: its data must be inline (data.values): got the link "http://localhost/x.csv"',
    },
  );
  for (const spec of [{}, { data: { values: [] }, mark: "blot" }]) {
    await assert.rejects(
      renderSvg(spec),
      /^RangeError: Cannot render a plot: [^\n]+$/,
    );
  }
});

Deno.test("wrapText() loses no word, and breaks only where a line is full", () => {
  const words = fc.array(
    fc.string({ unit: "grapheme-ascii", minLength: 1 })
      .map((word) => word.replaceAll(" ", "_")),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(words, fc.integer({ min: 10, max: 400 }), (all, width) => {
      const lines = wrapText(all.join(" "), width, 12);
      assert.equal(lines.join(" "), all.join(" "));
      for (const [i, line] of lines.entries()) {
        assert.ok(!line.includes(" ") || textWidth(line, 12) <= width);
        const next = lines[i + 1]?.split(" ")[0];
        if (next !== undefined) {
          assert.ok(textWidth(`${line} ${next}`, 12) > width);
        }
      }
    }),
  );
});

Deno.test("a link leads to the web or nowhere, and never ends the program", async () => {
  const spec = (href: string) => ({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values: [{ v: 1 }] },
    mark: "bar",
    encoding: {
      x: { field: "v", type: "quantitative" },
      href: { value: href },
    },
  });
  for (const href of ["javascript:alert(1)", "data:text/html,x", "file:///x"]) {
    const svg = await renderSvg(spec(href));
    assert.match(svg, /<a [^>]*href="#"/);
    assert.ok(!svg.includes(href));
  }
  const svg = await renderSvg(spec("https://example.org/"));
  assert.match(svg, /<a [^>]*href="https:\/\/example\.org\/"/);
});
