import { toCsv } from "../tables/csv.ts";
import { escapeHtml, safeJson } from "../escape.ts";
import { fitPlot } from "../plots/fit_plot.ts";
import {
  describe,
  headingOf,
  renderSvg,
  subheadingOf,
} from "../plots/render_svg.ts";
import { type Download, downloads, fileName, section } from "./sections.ts";
import { isPlainObject, readRows } from "../read_rows.ts";
import type { ReportPlot } from "./html_report.ts";
import { type ReportTerm, termsOf } from "./terms.ts";

/** Width of a drawing on the page, in px of its own. */
const WIDE = 786, NARROW = 358;

/** Letters of a wide drawing are enlarged to about the page's size. */
const SCALE = 1.2;

/**
 * A plot as a drawing, with its spec, data and picture to take along. The page
 * writes its heading, which breaks into lines where the window asks for it.
 *
 * @param plot The plot.
 * @param options Its number, terms to explain, and whether no script will fit it
 * to the window: it is then drawn for a narrow one too.
 */
export async function plotSection(
  { title, spec: given, description }: ReportPlot,
  { index, still, terms }: {
    index: number;
    still: boolean;
    terms: readonly ReportTerm[];
  },
): Promise<string> {
  const spec = given as Record<string, unknown>;
  const said = description ?? describe(spec);
  const draw = (width: number) =>
    renderSvg(fitPlot(spec, width), { description: said, inheritColor: true });
  const [wide, narrow, alone] = await Promise.all([
    draw(WIDE),
    still ? draw(NARROW) : undefined,
    renderSvg(spec, { description: said }),
  ]);
  const drawings = narrow === undefined
    ? inlineSvg(wide, `plot-${index}`, SCALE)
    : `<div class="broad">${inlineSvg(wide, `plot-${index}`, SCALE)}</div>
<div class="slim">${inlineSvg(narrow, `slim-${index}`, 1)}</div>`;
  const name = fileName(title, "plot", index);
  const words = [
    ...[title, description ?? "", headingOf(spec).join(" ")],
    subheadingOf(spec).join(" "),
  ].join("\n");
  const csv = plotCsv(spec);
  const files: Download[] = [
    {
      name: `${name}.svg`,
      label: "SVG",
      mediaType: "image/svg+xml",
      text: alone,
    },
    {
      name: `${name}.vl.json`,
      label: "Vega-Lite",
      mediaType: "application/json",
      text: safeJson(spec, 1),
      id: `spec-${index}`,
    },
  ];
  if (csv !== undefined) {
    files.push({
      name: `${name}.csv`,
      label: "CSV",
      mediaType: "text/csv",
      text: csv,
    });
  }
  return section({
    id: `plot-${index}`,
    title,
    body: `${termsOf(words, terms)}<figure>
${
      heading(spec, title)
    }<div class="scroll plot" role="region" tabindex="0" aria-labelledby="plot-${index}">
<div class="drawing" data-spec="spec-${index}">${drawings}</div>
</div>
${
      description === undefined
        ? ""
        : `<figcaption>${escapeHtml(description)}</figcaption>\n`
    }</figure>
${downloads(files)}`,
  });
}

/** What the plot itself says above its drawing. */
function heading(spec: Record<string, unknown>, title: string): string {
  const finding = headingOf(spec).join(" "), how = subheadingOf(spec).join(" ");
  const line = (name: string, text: string) =>
    text === "" ? "" : `<p class="${name}">${escapeHtml(text)}</p>\n`;
  // A plot whose own title says the same needs no second one.
  return line("finding", finding === title ? "" : finding) + line("how", how);
}

/** The rows that a plot draws, if it has them in one place. */
function plotCsv(spec: Record<string, unknown>): string | undefined {
  const values = isPlainObject(spec.data) ? spec.data.values : undefined;
  if (!Array.isArray(values) || !values.every(isPlainObject)) return;
  const { columns, rows } = readRows(values, "write a report");
  return toCsv(columns, rows);
}

/**
 * Makes an SVG fit to stand beside others in one page: ids of its own, no style
 * attributes, which the page's policy would refuse, and larger.
 */
function inlineSvg(svg: string, name: string, scale: number): string {
  const larger = svg.replace(
    /^<svg [^>]*>/,
    (root) =>
      root.replace(
        / (width|height)="([\d.]+)"/g,
        (_, side, length) => ` ${side}="${Math.round(Number(length) * scale)}"`,
      ),
  );
  return larger.replace(/<[^>]*>/g, (tag) =>
    tag.replace(/ style="[^"]*"/g, "")
      .replace(/ id="([^"]*)"/g, ` id="${name}-$1"`)
      .replace(/url\(#([^)"]*)\)/g, `url(#${name}-$1)`));
}
