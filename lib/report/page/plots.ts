import { toCsv } from "../tables/csv.ts";
import { escapeHtml, safeJson } from "../escape.ts";
import { describe, headingOf, renderSvg } from "../plots/render_svg.ts";
import { type Download, downloads, fileName } from "./sections.ts";
import { isPlainObject, readRows } from "../read_rows.ts";
import type { ReportPlot } from "./html_report.ts";

/** A plot as a drawing, with its spec, data and picture to take along. */
export async function plotSection(
  { title, spec, description }: ReportPlot,
  index: number,
): Promise<string> {
  const said = description ?? describe(spec as Record<string, unknown>);
  const [inline, alone] = await Promise.all([
    renderSvg(spec, { description: said, inheritColor: true }),
    renderSvg(spec, { description: said }),
  ]);
  // A plot whose own title says the same needs no second one.
  const ownTitle = headingOf(spec as Record<string, unknown>).join(" ");
  const heading = ownTitle === title
    ? ""
    : `<h2 id="plot-${index}">${escapeHtml(title)}</h2>\n`;
  const name = fileName(title, "plot", index);
  const csv = plotCsv(spec as Record<string, unknown>);
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
  return `<section>
${heading}<figure>
<div class="scroll plot" role="region" tabindex="0" aria-label="${
    escapeHtml(title)
  }">
<div class="drawing${
    isWide(inline) ? " wide" : ""
  }" data-spec="spec-${index}">${inlineSvg(inline, index)}</div>
</div>
${
    description === undefined
      ? ""
      : `<figcaption>${escapeHtml(description)}</figcaption>\n`
  }</figure>
${downloads(files)}
</section>`;
}

/** Whether a drawing would be unreadable on a phone, so that it scrolls there. */
function isWide(svg: string): boolean {
  return Number(/ width="([\d.]+)"/.exec(svg)?.[1]) > 450;
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
