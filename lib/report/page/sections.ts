import { dataLink, escapeHtml, safeJson } from "../escape.ts";
import { toCsv } from "../tables/csv.ts";
import { columnHeading } from "../tables/column_heading.ts";
import { htmlTable } from "../tables/html_table.ts";
import { readRows } from "../read_rows.ts";
import type { ReportTable, ReportTexts } from "./html_report.ts";
import { type ReportTerm, termsOf } from "./terms.ts";

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
  { index, maxRows, terms, folded = false }: {
    index: number;
    maxRows: number;
    terms: readonly ReportTerm[];
    folded?: boolean;
  },
): string {
  const { columns, rows } = readRows(table, "write a report");
  const html = htmlTable(table, {
    maxRows,
    footRows,
    digits,
    heading: columnHeading,
  });
  const name = fileName(caption, "table", index);
  const id = `table-${index}`;
  const words = [caption, ...columns.map(columnHeading)].join("\n");
  const body = `${
    termsOf(words, terms)
  }<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}">
${
    html.replace(
      "<table>",
      `<table class="sortable" aria-labelledby="${id}">`,
    )
  }
</div>
${
    downloads([{
      name: `${name}.csv`,
      label: "CSV",
      mediaType: "text/csv",
      text: toCsv(columns, rows),
    }])
  }`;
  return section({ id, title: caption, body, folded });
}

/** A part of the page under its heading, open or folded. */
export function section(
  { id, title, body, folded = false }: {
    id: string;
    title: string;
    body: string;
    folded?: boolean;
  },
): string {
  const heading = `<h2 id="${id}">${escapeHtml(title)}</h2>`;
  return folded
    ? `<section>
<details class="fold">
<summary>${heading}</summary>
${body}
</details>
</section>`
    : `<section>
${heading}
${body}
</section>`;
}

/** Names with what is said of them; the first are open, the others folded. */
export function textsSection(
  { title, intro, texts, shown = 8 }: ReportTexts,
  { index, terms }: { index: number; terms: readonly ReportTerm[] },
): string {
  const words = [title, intro ?? "", ...texts.map(({ text }) => text)];
  const list = (part: ReportTexts["texts"]) =>
    `<ul class="texts">
${
      part.map(({ name, text }) =>
        `<li><strong>${escapeHtml(name)}</strong> ${escapeHtml(text)}</li>`
      ).join("\n")
    }
</ul>`;
  // One alone is no reason to press anything.
  const cut = texts.length - shown <= 1 ? texts.length : shown;
  const rest = texts.slice(cut);
  return section({
    id: `texts-${index}`,
    title,
    body: [
      termsOf(words.join("\n"), terms).trimEnd(),
      intro === undefined ? "" : `<p class="intro">${escapeHtml(intro)}</p>`,
      texts.length === 0 ? "" : list(texts.slice(0, cut)),
      rest.length === 0
        ? ""
        : `<details>\n<summary>${rest.length} more</summary>\n${
          list(rest)
        }\n</details>`,
    ].filter((part) => part !== "").join("\n"),
  });
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
  return section({
    id: "provenance",
    title: "Provenance",
    folded: true,
    body: `<dl>
${items.join("\n")}
</dl>
${
      downloads([{
        name: "provenance.json",
        label: "JSON",
        mediaType: "application/json",
        text: safeJson(provenance, 1),
      }])
    }`,
  });
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
