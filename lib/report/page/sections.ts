import { dataLink, escapeHtml, safeJson } from "../escape.ts";
import { toCsv } from "../tables/csv.ts";
import { htmlTable } from "../tables/html_table.ts";
import { readRows } from "../read_rows.ts";
import type { ReportTable } from "./html_report.ts";

/** A file that a report offers. */
export interface Download {
  /** File name. */
  name: string;
  /** What it is called on the page. */
  label: string;
  /** Its media type. */
  mediaType: string;
  /** Its content. */
  text: string;
  /** Identifier of the link, where a script needs it. */
  id?: string;
}

/** A table with its download. */
export function tableSection(
  { caption, table, footRows, digits }: ReportTable,
  index: number,
  maxRows: number,
): string {
  const { columns, rows } = readRows(table, "write a report");
  const html = htmlTable(table, { caption, maxRows, footRows, digits });
  const name = fileName(caption, "table", index);
  return `<section>
<div class="scroll" role="region" tabindex="0" aria-label="${
    escapeHtml(caption)
  }">
${html.replace("<table>", '<table class="sortable">')}
</div>
${
    downloads([{
      name: `${name}.csv`,
      label: "CSV",
      mediaType: "text/csv",
      text: toCsv(columns, rows),
    }])
  }
</section>`;
}

/** The outcome, and below it what speaks against it. */
export function summarySection(
  summary: readonly string[],
  warnings: readonly string[],
): string {
  const lines = (texts: readonly string[], element: string) =>
    texts.map((text) => `<${element}>${escapeHtml(text)}</${element}>`)
      .join("\n");
  return [
    summary.length === 0
      ? ""
      : `<div class="summary">\n${lines(summary, "p")}\n</div>`,
    warnings.length === 0
      ? ""
      : `<div class="warnings" role="note"><p>To be weighed:</p>\n<ul>\n${
        lines(warnings, "li")
      }\n</ul></div>`,
  ].filter((part) => part !== "").join("\n");
}

/** Where the numbers come from. */
export function provenanceSection(provenance: object): string {
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
    downloads([{
      name: "provenance.json",
      label: "JSON",
      mediaType: "application/json",
      text: safeJson(provenance, 1),
    }])
  }
</section>`;
}

/** Links to files that lie within the page. */
export function downloads(files: readonly Download[]): string {
  const links = files.map(({ name, label, mediaType, text, id }) =>
    `<a ${id === undefined ? "" : `id="${id}" `}download="${
      escapeHtml(name)
    }" href="${dataLink(mediaType, text)}">${
      escapeHtml(label)
    }<span class="unseen"> (${escapeHtml(name)})</span></a>`
  );
  return `<p class="downloads">Download ${links.join(" ")}</p>`;
}

/** A file name out of a caption: what every system takes, and unique. */
export function fileName(caption: string, kind: string, index: number): string {
  const words = caption.toLowerCase().normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40)
    .replace(/-+$/, "");
  return words === ""
    ? `${kind}-${index + 1}`
    : `${kind}-${index + 1}-${words}`;
}
