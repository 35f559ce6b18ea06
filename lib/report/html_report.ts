import { cspHash, dataLink, escapeHtml, safeJson } from "./_escape.ts";
import { htmlTable } from "./html_table.ts";
import type { TableOptions } from "./_grid.ts";
import { describe, headingOf, renderSvg } from "./render_svg.ts";
import { readRows } from "./_rows.ts";
import type { Rows } from "./rows.ts";
import { toCsv } from "./_csv.ts";
import { REPORT_SCRIPT } from "./_report_script.ts";
import { REPORT_STYLE } from "./_report_style.ts";

/** A table of a report. */
export interface ReportTable extends Pick<TableOptions, "footRows" | "digits"> {
  /** What the table shows. */
  caption: string;
  /** Its rows. */
  table: Rows;
}

/** A plot of a report. */
export interface ReportPlot {
  /** What the plot shows, in a few words. */
  title: string;
  /** A Vega-Lite specification with inline data. */
  spec: object;
  /** What a reader who can't see the plot should know; shown below it too. */
  description?: string;
}

/** Content of a report; input of {@linkcode htmlReport}. */
export interface ReportContent {
  /** Title of the page. */
  title: string;
  /** The outcome, a sentence an entry. */
  summary?: readonly string[];
  /** Tables, in order. */
  tables?: readonly ReportTable[];
  /** Plots, in order. */
  plots?: readonly ReportPlot[];
  /** Tables that come after the plots: what the outcome rests on. */
  appendix?: readonly ReportTable[];
  /** Where the numbers come from: configuration, seed, versions, data hashes. */
  provenance?: object;
}

/** Options for {@linkcode htmlReport}. */
export interface HtmlReportOptions {
  /** Language of the texts, as a BCP 47 tag. @default {"en"} */
  language?: string;
  /** Most rows of a table on the page; its CSV has all. @default {1000} */
  maxRows?: number;
}

/**
 * Makes one HTML file out of sentences, tables and plots: it needs no network,
 * follows the reader's light or dark mode, fits a phone and prints. Tables sort
 * by a click or key on a column's head and come as CSV, plots as Vega-Lite
 * JSON, provenance as JSON.
 *
 * Everything given is escaped. A Content-Security-Policy in the file forbids
 * every script but the sorting one, named by its hash, and every connection.
 *
 * @param content What the report says.
 * @param options Language and cap.
 * @returns The text of the HTML file.
 * @throws {RangeError} If a table or a plot is faulty.
 *
 * @example Usage
 * ```ts
 * import { htmlReport } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const html = await htmlReport({
 *   title: "Mixture <1>",
 *   summary: ["Reweighted is above uniform on 9 of 14 tasks."],
 *   provenance: { seed: 1 },
 * });
 * assert(html.startsWith("<!doctype html>"));
 * assert(html.includes("<h1>Mixture &lt;1&gt;</h1>"));
 * ```
 */
export async function htmlReport(
  { title, summary = [], tables = [], plots = [], appendix = [], provenance }:
    ReportContent,
  { language = "en", maxRows = 1000 }: HtmlReportOptions = {},
): Promise<string> {
  const policy = [
    "default-src 'none'",
    `script-src '${await cspHash(REPORT_SCRIPT)}'`,
    `style-src '${await cspHash(REPORT_STYLE)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const figures = await Promise.all(
    plots.map((plot, index) => plotSection(plot, index)),
  );
  const parts = [
    `<header>\n<h1>${escapeHtml(title)}</h1>`,
    summary.length === 0
      ? ""
      : `<div class="summary">\n${
        summary.map((sentence) => `<p>${escapeHtml(sentence)}</p>`).join("\n")
      }\n</div>`,
    "</header>",
    ...tables.map((table, index) => tableSection(table, index, maxRows)),
    ...figures,
    ...appendix.map((table, index) =>
      tableSection(table, tables.length + index, maxRows)
    ),
    provenance === undefined ? "" : provenanceSection(provenance),
  ].filter((part) => part !== "");
  return `<!doctype html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
${parts.join("\n")}
</main>
<script>${REPORT_SCRIPT}</script>
</body>
</html>
`;
}

function tableSection(
  { caption, table, footRows, digits }: ReportTable,
  index: number,
  maxRows: number,
): string {
  const { columns, rows } = readRows(table, "write a report");
  const html = htmlTable(table, {
    caption,
    maxRows,
    ...(footRows === undefined ? {} : { footRows }),
    ...(digits === undefined ? {} : { digits }),
  });
  const name = fileName(caption, "table", index);
  return `<section>
<div class="scroll" role="region" tabindex="0" aria-label="${
    escapeHtml(caption)
  }">
${html.replace("<table>", '<table class="sortable">')}
</div>
${downloads([[`${name}.csv`, "CSV", "text/csv", toCsv(columns, rows)]])}
</section>`;
}

async function plotSection(
  { title, spec, description }: ReportPlot,
  index: number,
): Promise<string> {
  const said = description ?? describe(spec as Record<string, unknown>);
  const svg = await renderSvg(spec, { description: said, inheritColor: true });
  // A plot whose own title says the same needs no second one.
  const own = headingOf(spec as Record<string, unknown>).join(" ");
  const heading = own === title
    ? ""
    : `<h2 id="plot-${index}">${escapeHtml(title)}</h2>\n`;
  const name = fileName(title, "plot", index);
  return `<section>
${heading}<figure>
<div class="scroll plot" role="region" tabindex="0" aria-label="${
    escapeHtml(title)
  }">
${inlineSvg(svg, index)}
</div>
${
    description === undefined
      ? ""
      : `<figcaption>${escapeHtml(description)}</figcaption>\n`
  }</figure>
${
    downloads([[
      `${name}.vl.json`,
      "Vega-Lite",
      "application/json",
      safeJson(spec, 1),
    ]])
  }
</section>`;
}

/**
 * Makes an SVG fit to stand beside others in one page: ids of its own, no style
 * attributes, which the page's policy would refuse, and letters about as large
 * as the page's.
 */
function inlineSvg(svg: string, index: number): string {
  const larger = svg.replace(
    /^<svg [^>]*>/,
    (root) =>
      root.replace(
        / (width|height)="([\d.]+)"/g,
        (_, side, length) => ` ${side}="${Math.round(Number(length) * 1.2)}"`,
      ),
  );
  return larger.replace(/<[^>]*>/g, (tag) =>
    tag.replace(/ style="[^"]*"/g, "")
      .replace(/ id="([^"]*)"/g, ` id="plot-${index}-$1"`)
      .replace(/url\(#([^)"]*)\)/g, `url(#plot-${index}-$1)`));
}

function provenanceSection(provenance: object): string {
  const items = Object.entries(provenance).map(([key, value]) => {
    const nested = typeof value === "object" && value !== null;
    const text = typeof value === "string"
      ? escapeHtml(value)
      : escapeHtml(safeJson(value, nested ? 1 : 0));
    return `<dt>${escapeHtml(key)}</dt><dd>${
      nested ? `<pre>${text}</pre>` : text
    }</dd>`;
  });
  return `<section>
<h2>Provenance</h2>
<dl>
${items.join("\n")}
</dl>
${
    downloads([[
      "provenance.json",
      "JSON",
      "application/json",
      safeJson(provenance, 1),
    ]])
  }
</section>`;
}

function downloads(
  files: [name: string, label: string, mediaType: string, text: string][],
): string {
  const links = files.map(([name, label, mediaType, text]) =>
    `<a download="${escapeHtml(name)}" href="${
      dataLink(mediaType, text)
    }">Download ${escapeHtml(label)}<span class="unseen"> (${
      escapeHtml(name)
    })</span></a>`
  );
  return `<p class="downloads">${links.join(" ")}</p>`;
}

/** A file name out of a caption: what every system takes, and unique. */
function fileName(caption: string, kind: string, index: number): string {
  const words = caption.toLowerCase().normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40)
    .replace(/-+$/, "");
  return words === ""
    ? `${kind}-${index + 1}`
    : `${kind}-${index + 1}-${words}`;
}
