import { cspHash, escapeHtml } from "../escape.ts";
import { type ClientLibraries, clientLibraries } from "./client_libraries.ts";
import { packLibraries } from "./pack_libraries.ts";
import type { TableOptions } from "../plots/marks/grid.ts";
import type { Rows } from "../rows.ts";
import { PLOT_SCRIPT } from "./plot_script.ts";
import {
  provenanceSection,
  summarySection,
  tableSection,
  textsSection,
} from "./sections.ts";
import { plotSection } from "./plots.ts";
import { REPORT_SCRIPT } from "./script.ts";
import { REPORT_STYLE } from "./style.ts";
import { type ReportTerm, termsOf } from "./terms.ts";

export type { ReportTerm } from "./terms.ts";

/** A table of a report. */
export interface ReportTable extends Pick<TableOptions, "footRows" | "digits"> {
  /** What the table shows. */
  caption: string;
  /** Its rows. */
  table: Rows;
}

/** Texts under names, such as a reason for each task. */
export interface ReportTexts {
  /** What the texts say. */
  title: string;
  /** What to know before reading them. */
  intro?: string;
  /** A name, and what is said of it: the two read as one sentence. */
  texts: readonly { name: string; text: string }[];
  /** How many are open at once; the others are folded. @default {8} */
  shown?: number;
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
  /** What a reader should hold against the outcome, a sentence an entry. */
  warnings?: readonly string[];
  /** Tables, in order. */
  tables?: readonly ReportTable[];
  /** Texts, below the tables. */
  texts?: readonly ReportTexts[];
  /** Plots, in order. */
  plots?: readonly ReportPlot[];
  /** Tables that come after the plots, folded: what the outcome rests on. */
  appendix?: readonly ReportTable[];
  /**
   * Terms to explain, each in every part of the page that uses it, so that any
   * tables and plots may be added.
   */
  terms?: readonly ReportTerm[];
  /** Where the numbers come from: configuration, seed, versions, data hashes. */
  provenance?: object;
}

/** Options for {@linkcode htmlReport}. */
export interface HtmlReportOptions {
  /** Language of the texts, as a BCP 47 tag. @default {"en"} */
  language?: string;
  /** Most rows of a table on the page; its CSV has all. @default {1000} */
  maxRows?: number;
  /**
   * Whether plots are drawings only: the file is smaller by 0.4 MB, and
   * pointing at a plot tells nothing. @default {false}
   */
  static?: boolean;
}

/**
 * Makes one HTML file out of sentences, tables and plots: it needs no network,
 * follows the reader's light or dark mode, fits a phone and prints. Tables sort
 * by a click or key on a column's head and come as CSV; plots answer the
 * pointer and come as SVG, Vega-Lite JSON and CSV; provenance comes as JSON.
 * The outcome is open; the appendix and the provenance are folded.
 *
 * A plot is in the file as a drawing too, for readers whose viewer runs no
 * scripts; where Vega-Embed can't be had, drawings are all there is.
 *
 * Everything given is escaped. A Content-Security-Policy in the file forbids
 * every script but its own, named by their hashes, and every connection.
 *
 * @param content What the report says.
 * @param options Language, cap, and whether plots are still.
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
  content: ReportContent,
  options: HtmlReportOptions = {},
): Promise<string> {
  const { title } = content;
  const { language = "en", static: still = false } = options;
  const lively = !still && (content.plots ?? []).length > 0;
  const libraries = lively ? await clientLibraries() : undefined;
  const script = libraries ? REPORT_SCRIPT + PLOT_SCRIPT : REPORT_SCRIPT;
  const packed = libraries && await packLibraries(libraries);
  const policy = await policyFor(script, packed?.text);
  const sections = await bodySections(
    content,
    options.maxRows ?? 1000,
    libraries,
  );
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
${sections.join("\n")}
</main>
${
    packed
      ? `<script type="text/plain" id="plot-libraries">${packed.base64}</script>\n`
      : ""
  }<script>${script}</script>
</body>
</html>
`;
}

/** What the page may do: run its own scripts, known by their hashes. */
async function policyFor(...scripts: (string | undefined)[]): Promise<string> {
  const present = scripts.filter((script) => script !== undefined);
  const hashes = await Promise.all(
    present.map(async (script) => `'${await cspHash(script)}'`),
  );
  return [
    "default-src 'none'",
    `script-src ${hashes.join(" ")}`,
    `style-src '${await cspHash(REPORT_STYLE)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

async function bodySections(
  {
    title,
    summary = [],
    warnings = [],
    tables = [],
    texts = [],
    plots = [],
    appendix = [],
    terms = [],
    provenance,
  }: ReportContent,
  maxRows: number,
  libraries: ClientLibraries | undefined,
): Promise<string[]> {
  const figures = await Promise.all(
    plots.map((plot, index) =>
      plotSection(plot, { index, still: libraries === undefined, terms })
    ),
  );
  const drawn = libraries
    ? `<footer><p>Plots by ${
      escapeHtml(libraries.versions.join(", "))
    }.</p></footer>`
    : "";
  return [
    `<header>\n<h1>${escapeHtml(title)}</h1>`,
    summarySection(summary, warnings),
    termsOf([...summary, ...warnings].join("\n"), terms),
    "</header>",
    ...tables.map((table, index) =>
      tableSection(table, { index, maxRows, terms })
    ),
    ...texts.map((part, index) => textsSection(part, { index, terms })),
    ...figures,
    ...appendix.map((table, index) =>
      tableSection(table, {
        index: tables.length + index,
        maxRows,
        terms,
        folded: true,
      })
    ),
    provenance === undefined ? "" : provenanceSection(provenance),
    drawn,
  ].filter((section) => section !== "");
}
