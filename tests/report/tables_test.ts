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
      "task       size  weight  uniform  reweighted  top  reweightedDiff  topDiff",
      "---------  ----  ------  -------  ----------  ---  --------------  -------",
      "dom-prose   900   0.750    0.500       0.625  –            +0.125  –",
      "node-api     30   0.250    0.250       0.125  –            −0.125  –",
      "---------  ----  ------  -------  ----------  ---  --------------  -------",
      "mean          –       –    0.375       0.375  –             0.000  –",
    ].join("\n"),
  );
});

Deno.test("textTable() gives CJK two cells, and every line ends its columns alike", () => {
  const text = textTable([{ task: "日本語", n: 1 }, { task: "abc", n: 22 }]);
  assert.equal(text, "task     n\n------  --\n日本語   1\nabc     22");
  for (const line of text.split("\n")) assert.equal(displayWidth(line), 10);
});

/** A table that 80 cells don't hold, and one that they hold if texts are broken. */
const WIDE = [
  {
    task: "dom-prose",
    ...Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`measure${i}`, i + 0.5]),
    ),
    what: "training queries that stand in a dev or test split; take them out",
  },
  { task: "nl2bash", measure3: -0.25, what: "" },
];

Deno.test("textTable() breaks texts, then puts columns below, to fit a line", () => {
  const findings = [{ task: "a", n: 12, what: WIDE[0]!.what }];
  assert.equal(
    textTable(findings, { width: 40, maxChars: 99 }),
    [
      "task   n  what",
      "----  --  ------------------------------",
      "a     12  training queries that stand in",
      "          a dev or test split; take them",
      "          out",
    ].join("\n"),
  );
  const parts = textTable(WIDE, { width: 80, digits: 2, maxChars: 99 })
    .split("\n\n");
  assert.equal(parts.length, 2);
  for (const part of parts) assert.match(part, /^task .*\n-{9} .*\ndom-prose /);
  assert.match(parts[0]!, /nl2bash .* −0\.25( +–)+$/m);
  assert.equal(textTable(WIDE, { maxChars: 99 }).split("\n").length, 4);
});

Deno.test("textTable() loses nothing to fit a line, whatever it holds", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "a",
      "passages",
      "日本語",
      "/a/rather/long/path/to/a/file.json",
    ),
    fc.stringMatching(/^[a-z]{1,50}$/),
  );
  const text = fc.array(word, { maxLength: 8 }).map((words) => words.join(" "));
  const row = fc.record({
    task: text,
    count: fc.nat(1e6),
    share: fc.double({ min: -1, max: 1, noNaN: true }),
    what: text,
    then: text,
    "a long heading": fc.nat(9),
  });
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 40, max: 120 }),
      (rows, width) => {
        const all = { maxChars: 1000, footRows: 0 };
        const printed = textTable(rows, { width, ...all });
        for (const line of printed.split("\n")) {
          assert.ok(displayWidth(line) <= width, line);
        }
        const letters = (text: string) =>
          [...text.replace(/[\s-]/g, "")].sort().join("");
        const once = letters(textTable(rows, all));
        const parts = printed.match(/^-+( {2}-+)*$/gm)!.length;
        const first = letters(
          textTable(rows.map(({ task }) => ({ task })), all),
        );
        assert.equal(
          letters(printed),
          [...once + first.repeat(parts - 1)].sort().join(""),
        );
      },
    ),
  );
});

Deno.test("tables take headings, and digits for single columns", () => {
  const rows = [{ task: "a", queryLength: 41.26, score: 0.5, toString: 1 }];
  const options = {
    heading: (name: string) => name.replace("queryL", "query l"),
    columnDigits: { queryLength: 1 },
  };
  assert.equal(
    textTable(rows, options),
    "task  query length   score  toString\n" +
      "----  ------------  ------  --------\n" +
      "a             41.3  0.5000         1",
  );
  assert.match(htmlTable(rows, options), />query length<.*>41\.3</s);
  assert.match(markdownTable(rows, options), /query length.*41\.3/s);
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
      ["1000", "2.0000", "1.0e−6", "12"],
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
      [
        { columnDigits: { a: 21 } },
        "digits must be a whole number from 0 to 20: got 21",
      ],
      [{ width: 8 }, "width must be at least 20 cells: got 8"],
    ] as const
  ) {
    assert.throws(() => textTable([{ a: 1 }], options), {
      name: "RangeError",
      message: `Cannot print a table: ${wrong}`,
    });
  }
});
