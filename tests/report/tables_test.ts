import assert from "node:assert/strict";
import { from } from "arquero";
import fc from "fast-check";
import {
  htmlTable,
  markdownTable,
  resultsTable,
  textTable,
} from "../../lib/report/mod.ts";
import { displayWidth } from "../../lib/report/notebook/terminal.ts";
import { HOSTILE, resultRows, TASKS } from "./_sample_rows.ts";

Deno.test("textTable() of results, whole", () => {
  const table = resultsTable([
    {
      task: "dom-prose",
      size: 900,
      weight: 0.75,
      uniform: 0.5,
      reweighted: 0.625,
    },
    {
      task: "node-api",
      size: 30,
      weight: 0.25,
      uniform: 0.25,
      reweighted: 0.125,
    },
  ]);
  assert.equal(
    textTable(table, { digits: 3 }),
    [
      "task       size  weight  uniform  reweighted  top70  reweightedDiff  top70Diff",
      "---------  ----  ------  -------  ----------  -----  --------------  ---------",
      "dom-prose   900   0.750    0.500       0.625  –              +0.125  –",
      "node-api     30   0.250    0.250       0.125  –              -0.125  –",
      "---------  ----  ------  -------  ----------  -----  --------------  ---------",
      "mean          –       –    0.375       0.375  –               0.000  –",
    ].join("\n"),
  );
});

Deno.test("textTable() gives CJK two cells, and every line ends its columns alike", () => {
  const text = textTable([{ task: "日本語", n: 1 }, { task: "abc", n: 22 }]);
  assert.equal(text, "task     n\n------  --\n日本語   1\nabc     22");
  for (const line of text.split("\n")) assert.equal(displayWidth(line), 10);
});

Deno.test("textTable() lines up whatever the texts are", () => {
  const cell = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(...HOSTILE),
  );
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 8 }), (cells) => {
      const lines = textTable(cells.map((task) => ({ task, n: 1 }))).split(
        "\n",
      );
      // Header, rule, and one line a row: no text breaks a line.
      assert.equal(lines.length, cells.length + 2);
      assert.equal(new Set(lines.map(displayWidth)).size, 1);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(lines.join(""), /[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});

Deno.test("tables cap their rows, say how many are left out, and keep the summary", () => {
  const table = resultsTable(resultRows(TASKS));
  const text = textTable(table, { maxRows: 3 }).split("\n");
  assert.equal(text.length, 2 + 3 + 1 + 1 + 1);
  assert.equal(text[5], "… 7 more rows");
  assert.match(text.at(-1)!, /^mean /);
  const html = htmlTable(table, { maxRows: 9 });
  assert.equal(html.match(/<tr>/g)!.length, 1 + 9 + 1 + 1);
  assert.match(html, /<tfoot><tr><td colspan="8">… 1 more row<\/td><\/tr>/);
  assert.doesNotMatch(textTable(table, { maxRows: 10 }), /more row/);
});

Deno.test("footRows overrides the rule that a last row named mean is the summary", () => {
  const rows = [{ task: "a", n: 1 }, { task: "mean", n: 1 }];
  assert.match(htmlTable(rows), /<tfoot><tr><th scope="row" align="left">mean/);
  assert.doesNotMatch(htmlTable(rows, { footRows: 0 }), /<tfoot>/);
  assert.throws(
    () => htmlTable(rows, { footRows: 3 }),
    /^RangeError: Cannot write an HTML table: footRows must be a whole number from 0 to 2: got 3$/,
  );
});

Deno.test("numbers: whole columns stay whole, small ones don't read as zero", () => {
  const text = textTable([
    { step: 1000, loss: 2, rate: 1e-6, id: 12n },
    { step: 2000, loss: 0.123456, rate: 0, id: 3n },
  ]);
  assert.deepEqual(
    text.split("\n").slice(2).map((line) => line.split(/ +/)),
    [
      ["1000", "2.0000", "1.0e-6", "12"],
      ["2000", "0.1235", "0.0000", "3"],
    ].map((cells) => cells),
  );
  assert.match(textTable([{ x: NaN }, { x: Infinity }]), /NaN\nInfinity|NaN/);
});

Deno.test("cells may hold anything", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const text = textTable([{
    date: new Date(0),
    wrong: new Date(NaN),
    list: [1, "a"],
    cycle,
    yes: true,
    nothing: undefined,
  }]);
  assert.match(
    text,
    /1970-01-01T00:00:00.000Z {2}invalid date {2}\[1,"a"\] {2}\[object Object\] {2}true {2}–$/,
  );
  assert.equal(textTable([]), "(no columns)");
  assert.equal(markdownTable([]), "(no columns)");
});

Deno.test("maxChars cuts a long cell at a character, not inside one", () => {
  assert.match(textTable([{ text: "😀😀😀😀" }], { maxChars: 3 }), /\n😀😀…$/);
  assert.match(textTable([{ text: "😀😀😀" }], { maxChars: 3 }), /\n😀😀😀$/);
});

Deno.test("htmlTable() escapes names and values, and names its parts", () => {
  const rows = HOSTILE.map((task) => ({ task, "<b>": task }));
  const html = htmlTable(rows, { caption: HOSTILE[0]! });
  // Nothing but the table's own elements is left.
  const tags = new Set(html.match(/<\/?[a-z]+/gi));
  assert.deepEqual(
    tags,
    new Set([
      "<table",
      "</table",
      "<caption",
      "</caption",
      "<thead",
      "</thead",
      "<tbody",
      "</tbody",
      "<tr",
      "</tr",
      "<th",
      "</th",
      "<td",
      "</td",
    ]),
  );
  assert.match(
    html,
    /<caption>&lt;script&gt;alert\(1\)&lt;\/script&gt;<\/caption>/,
  );
  assert.equal(html.match(/<th scope="row"/g)!.length, HOSTILE.length);
  assert.equal(html.match(/<th scope="col"/g)!.length, 2);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(html, /[\u0000\u001b\ud800]/);
});

Deno.test("htmlTable() keeps the whole number for sorting", () => {
  assert.match(
    htmlTable([{ task: "a", x: 0.123456789 }], { digits: 2 }),
    /<td align="right" data-value="0.123456789">0.12<\/td>/,
  );
});

Deno.test("markdownTable() writes the summary in bold and escapes", () => {
  assert.equal(
    markdownTable(
      [{ task: "*a*|<b>\n`c`", x: 0.5 }, { task: "mean", x: 0.5 }],
      {
        digits: 1,
      },
    ),
    [
      "| task | x |",
      "| :-- | --: |",
      "| \\*a\\*\\|&lt;b&gt; \\`c\\` | 0.5 |",
      "| **mean** | **0.5** |",
    ].join("\n"),
  );
});

Deno.test("every table takes an Arquero table and an array alike", () => {
  const rows = resultRows(TASKS);
  for (const write of [textTable, htmlTable, markdownTable]) {
    assert.equal(write(from(rows)), write(rows));
  }
});

Deno.test("tables refuse options out of range", () => {
  for (
    const [options, wrong] of [
      [{ digits: 1.5 }, "digits must be a whole number from 0 to 20: got 1.5"],
      [{ maxRows: -1 }, "maxRows must be a whole number of at least 0: got -1"],
      [
        { maxChars: NaN },
        "maxChars must be a whole number of at least 0: got NaN",
      ],
    ] as const
  ) {
    assert.throws(() => textTable([{ a: 1 }], options), {
      name: "RangeError",
      message: `Cannot print a table: ${wrong}`,
    });
  }
});
