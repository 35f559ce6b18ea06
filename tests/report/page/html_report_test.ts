import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import {
  htmlReport,
  lossPlot,
  ndcgPlot,
  type ReportContent,
  resultsTable,
  weightsPlot,
} from "../../../lib/report/mod.ts";
import { safeJson } from "../../../lib/report/escape.ts";
import { termsIn } from "../../../lib/report/page/terms.ts";
import { toCsv } from "../../../lib/report/tables/csv.ts";
import { HOSTILE, ndcgRows, resultRows, TASKS } from "../_sample_rows.ts";
import { tempFolder } from "../../_temp_folder.ts";

function content(tasks: readonly string[], word = "plain"): ReportContent {
  return {
    title: word,
    summary: [word, "Second sentence."],
    tables: [{ caption: word, table: resultsTable(resultRows(tasks)) }],
    texts: [{
      title: word,
      intro: word,
      texts: tasks.map((name) => ({ name, text: word })),
      shown: 2,
    }],
    plots: [
      { title: word, spec: weightsPlot(resultRows(tasks)), description: word },
      { title: "b", spec: ndcgPlot(ndcgRows(tasks)) },
    ],
    terms: [{ term: word, meaning: word }],
    provenance: { seed: 42, [word]: { nested: word } },
  };
}

/** What the CSP hash of an element's text must be. */
function hashOf(html: string, element: "script" | "style"): string {
  const parts = html.split(`<${element}>`);
  assert.equal(parts.length, 2, `one ${element} element`);
  const text = parts[1]!.split(`</${element}>`)[0]!;
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** The libraries as the page unpacks them, and the hash of that. */
function libraries(html: string): { text: string; hash: string } {
  const packed = /<script type="text\/plain" id="plot-libraries">([^<]*)</
    .exec(html)![1]!;
  const text = gunzipSync(Buffer.from(packed, "base64")).toString();
  const digest = createHash("sha256").update(text).digest("base64");
  return { text, hash: `'sha256-${digest}'` };
}

/** The documents behind the download links, by name. */
function downloads(html: string): Map<string, string> {
  const links = html.matchAll(
    /<a (?:id="[^"]*" )?download="([^"]*)" href="data:[^"]*?;base64,([^"]*)">/g,
  );
  return new Map([...links].map(([, name, data]) => [
    name!,
    new TextDecoder().decode(
      Uint8Array.from(atob(data!), (c) => c.charCodeAt(0)),
    ),
  ]));
}

Deno.test("the policy forbids all but its own scripts and style, named by their hashes", async () => {
  const html = await htmlReport(content(TASKS));
  const own = libraries(html);
  const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/
    .exec(html)![1]!;
  assert.equal(
    policy,
    `default-src 'none'; script-src ${
      hashOf(html, "script")
    } ${own.hash}; style-src ${
      hashOf(html, "style")
    }; base-uri 'none'; form-action 'none'`,
  );
  // It comes before anything that it should hold for.
  assert.ok(html.indexOf(policy) < html.indexOf("<style>"));
  // Nothing that the policy would refuse, and nothing from elsewhere.
  assert.doesNotMatch(
    html,
    / style="| on[a-z]+="|<(link|iframe|img|object|embed)\b/,
  );
  const addresses = html.match(/(?:href|src)="(?!data:|#)[^"]*"/g);
  assert.equal(addresses, null);
  assert.match(own.text, /vegaEmbed/);
  // Nothing in the policy lets text be run.
  assert.doesNotMatch(policy, /unsafe|blob:|data:|\*/);
});

Deno.test("a static report has drawings and no libraries, and is small", async () => {
  const still = await htmlReport(content(TASKS), { static: true });
  const lively = await htmlReport(content(TASKS));
  assert.doesNotMatch(still, /plot-libraries|vegaEmbed/);
  // Each for a wide window and for a narrow one; no script fits them.
  assert.equal(still.match(/<svg /g)!.length, 2 * 2);
  assert.equal(lively.match(/<svg /g)!.length, 2);
  assert.ok(still.includes(`script-src ${hashOf(still, "script")};`));
  // Vega, Vega-Lite and Vega-Embed pressed: 370 KB.
  const cost = lively.length - still.length;
  assert.ok(cost > 300e3 && cost < 420e3, `${cost} characters`);
});

Deno.test("whatever names, captions and values hold, the page has only its own elements", async () => {
  const shape = (html: string) => html.match(/<\/?[a-z][a-z0-9]*/gi)!;
  const wanted = shape(
    await htmlReport(content(HOSTILE.map((_, i) => `task${i}`), "x")),
  );
  for (const word of HOSTILE) {
    const html = await htmlReport(content(HOSTILE, word));
    // Titles may break into another number of lines: count kinds, not lines.
    assert.deepEqual(new Set(shape(html)), new Set(wanted));
    assert.equal(html.match(/<script>/g)!.length, 1);
    assert.equal(html.match(/<\/script>/g)!.length, 2);
    assert.equal(html.match(/<\/style>/g)!.length, 1);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(html, /[\u0000-\u0008\u000b-\u001f]/);
  }
});

Deno.test("downloads give the rows, plots and provenance back exactly", async () => {
  const given = content(HOSTILE);
  const files = downloads(await htmlReport(given));
  assert.deepEqual([...files.keys()], [
    "table-1-plain.csv",
    "plot-1-plain.svg",
    "plot-1-plain.vl.json",
    "plot-1-plain.csv",
    "plot-2-b.svg",
    "plot-2-b.vl.json",
    "plot-2-b.csv",
    "provenance.json",
  ]);
  assert.deepEqual(
    JSON.parse(files.get("plot-1-plain.vl.json")!),
    given.plots![0]!.spec,
  );
  assert.match(files.get("plot-2-b.svg")!, /^<svg [^]*<\/svg>$/);
  assert.match(files.get("plot-2-b.csv")!, /^task,arm,ndcg,difference\r\n/);
  assert.deepEqual(JSON.parse(files.get("provenance.json")!), given.provenance);
  const csv = files.get("table-1-plain.csv")!;
  assert.match(
    csv,
    /^task,size,weight,uniform,reweighted,top,reweightedDiff,topDiff\r\n/,
  );
  assert.ok(
    csv.includes(
      `"]]>""'\`&<!-- ",300,0.046875,0.2578125,0.265625,0.5,0.0078125,0.2421875\r\n`,
    ),
  );
  assert.match(csv, /\r\nmean,,,[^\r]*\r\n$/);
});

Deno.test("plots stand side by side without sharing ids, and say what they show", async () => {
  const spec = {
    ...lossPlot([{ step: 1, loss: 1 }, { step: 2, loss: 2 }]),
  };
  // A clipped mark makes vega define an id.
  for (const layer of spec.layer) layer.mark.clip = true;
  const html = await htmlReport({
    title: "two",
    plots: [
      { title: "one", spec, description: 'first "plot"' },
      { title: "two", spec },
    ],
  });
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]!);
  assert.ok(ids.some((id) => id.includes("clip")));
  assert.equal(new Set(ids).size, ids.length);
  for (const [, target] of html.matchAll(/url\(#([^)]*)\)/g)) {
    assert.ok(ids.includes(target!));
  }
  assert.match(html, /<svg role="img" aria-label="first &quot;plot&quot;"/);
  assert.match(html, /<figcaption>first &quot;plot&quot;<\/figcaption>/);
});

Deno.test("a report may be short, and caps its tables but not their CSV", async () => {
  const short = await htmlReport({ title: "t" }, { language: "de" });
  assert.match(short, /^<!doctype html>\n<html lang="de">/);
  assert.doesNotMatch(short, /<section>/);
  const table = Array.from({ length: 12 }, (_, n) => ({ n }));
  const html = await htmlReport({
    title: "t",
    tables: [{ caption: "c", table }],
  }, { maxRows: 5 });
  assert.match(html, /… 7 more rows/);
  assert.equal(
    downloads(html).get("table-1-c.csv")!.split("\r\n").length,
    1 + 12 + 1,
  );
});

Deno.test("texts stand under their names, the first open, the others folded", async () => {
  const texts = ["a", "b", "c", "d"].map((name) => ({ name, text: "rose" }));
  const html = (shown: number) =>
    htmlReport({ title: "t", texts: [{ title: "Why", texts, shown }] });
  const [open, folded] = (await html(2)).split("<summary>2 more</summary>");
  const names = (part: string) =>
    [...part.matchAll(/<li><strong>(.)<\/strong> rose<\/li>/g)]
      .map(([, name]) => name);
  assert.deepEqual(names(open!), ["a", "b"]);
  assert.deepEqual(names(folded!), ["c", "d"]);
  // One alone isn't folded.
  assert.doesNotMatch(await html(3), /<summary>/);
});

Deno.test("the appendix and the provenance are folded under their headings", async () => {
  const table = [{ n: 1 }];
  const html = await htmlReport({
    title: "t",
    tables: [{ caption: "Outcome", table }],
    appendix: [{ caption: "Basis", table }],
    provenance: { seed: 1 },
  });
  assert.deepEqual(
    [...html.matchAll(/(<summary>)?<h2[^>]*>([^<]*)/g)]
      .map(([, fold, title]) => [title, fold !== undefined]),
    [["Outcome", false], ["Basis", true], ["Provenance", true]],
  );
});

Deno.test("termsIn() finds whole words, of two terms in one place the longer", () => {
  const terms = ["p", "loss", "excess loss", "top"].map((term) => ({
    term,
    meaning: "",
    forms: term === "loss" ? ["losses"] : [],
  }));
  const found = (text: string) => termsIn(text, terms).map(({ term }) => term);
  assert.deepEqual(found("Excess loss of a task; p 0.02"), [
    "p",
    "excess loss",
  ]);
  assert.deepEqual(found("losses"), ["loss"]);
  assert.deepEqual(found("P, stop, top-level, a.top@b, top70"), []);
  assert.deepEqual(found("the top 70 %, (loss)"), ["loss", "top"]);
  // What has a meaning in patterns is a letter like others.
  assert.deepEqual(
    termsIn("a p (Holm) b", [{ term: "p (Holm)", meaning: "" }]).length,
    1,
  );
});

Deno.test("terms are explained in each part that uses them, and there alone", async () => {
  const html = await htmlReport({
    title: "t",
    summary: ["nDCG@10 rose."],
    tables: [{ caption: "By task", table: [{ weight: 1 }] }],
    texts: [{ title: "Why", texts: [{ name: "a", text: "has no weight" }] }],
    plots: [{
      title: "Weights",
      spec: weightsPlot([{ task: "a", weight: 1 }]),
      description: "nDCG@10",
    }],
    terms: [
      { term: "nDCG@10", meaning: "of rank" },
      { term: "weight", meaning: "of share", forms: ["weights"] },
      { term: "unused", meaning: "of nothing" },
    ],
  }, { static: true });
  const summaries = [...html.matchAll(/<summary>Terms: ([^<]*)/g)]
    .map(([, names]) => names);
  assert.deepEqual(summaries, [
    ...["nDCG@10", "weight", "weight", "nDCG@10, weight"],
  ]);
  assert.match(html, /<dt>nDCG@10<\/dt><dd>of rank<\/dd>/);
  assert.doesNotMatch(html, /of nothing/);
});

Deno.test("toCsv() can be read back, whatever the texts", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('"', ",", "\r\n", 'a"b,c\nd'),
  );
  fc.assert(
    fc.property(
      fc.array(fc.array(text, { minLength: 2, maxLength: 2 })),
      (rows) => {
        const csv = toCsv(["a", "b"], rows.map(([a, b]) => ({ a, b })));
        assert.deepEqual(readCsv(csv), [["a", "b"], ...rows]);
      },
    ),
  );
});

/** A reader by the letter of RFC 4180. */
function readCsv(csv: string): string[][] {
  const rows: string[][] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let row: string[] = [];
  for (let match = field.exec(csv); match !== null; match = field.exec(csv)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === "\r\n") {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

Deno.test("safeJson() writes the same object twice, a cycle once", () => {
  const shared = { a: 1 };
  assert.equal(safeJson({ x: shared, y: shared }), '{"x":{"a":1},"y":{"a":1}}');
  const cycle: unknown[] = [shared];
  cycle.push({ back: cycle });
  assert.equal(safeJson(cycle), '[{"a":1},{"back":"[circular]"}]');
  const map = new Map<string, unknown>();
  map.set("self", map);
  assert.equal(safeJson(map), '{"self":"[circular]"}');
  assert.equal(safeJson(undefined), "null");
});

Deno.test("without the right to read packages the drawings are what there is", async () => {
  const room = new URL("../../../lib/report/mod.ts", import.meta.url).href;
  const config = fileURLToPath(new URL("../../../deno.json", import.meta.url));
  const code = `import { htmlReport, weightsPlot } from ${JSON.stringify(room)};
const spec = weightsPlot([{ task: "a", weight: 1 }]);
const html = await htmlReport({ title: "t", plots: [{ title: "p", spec }] });
console.log(html.includes("plot-libraries"), html.includes("<svg "));`;
  const file = `${await tempFolder()}/file.ts`;
  try {
    await Deno.writeTextFile(file, code);
    for (
      const [rights, printed] of [
        [["--allow-read", "--allow-env"], "true true"],
        [[], "false true"],
      ] as const
    ) {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "--no-check",
          ...rights,
          "--config",
          config,
          file,
        ],
        env: { NO_COLOR: "1" },
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.equal(text(stdout).trim(), printed, text(stderr));
    }
  } finally {
    await Deno.remove(file);
  }
});
