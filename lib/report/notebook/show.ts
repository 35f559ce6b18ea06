import { isPlainObject, isTable, readRows } from "../read_rows.ts";
import { legalText, safeJson } from "../escape.ts";
import { describe, headingOf, renderSvg } from "../plots/render_svg.ts";
import { htmlTable } from "../tables/html_table.ts";
import { textTable, type TextTableOptions } from "../tables/text_table.ts";
import type { Rows } from "../rows.ts";
import { cardOf } from "./cards.ts";
import { notebookLook } from "./notebook_look.ts";
import { DISPLAY, kernelDisplay, type MediaBundle } from "./jupyter.ts";

/** Something a notebook shows richly and a terminal as text. */
export interface Shown extends PromiseLike<void> {
  /** All representations; what the notebook kernel asks for. */
  [DISPLAY](): Promise<MediaBundle>;
  /** The plain text alone. */
  toString(): string;
}

/** Options for {@linkcode show}. */
export interface ShowOptions extends TextTableOptions {
  /** Caption of a table. */
  caption?: string;
}

/**
 * Makes a notebook show a value well, when it is the last one of a cell or, with
 * `await`, anywhere in it:
 *
 * - a Vega-Lite plot as a live plot, as SVG (for front ends without Vega-Lite,
 *   GitHub among them) and as text, in ink that reads on light and dark pages;
 * - rows or an Arquero table as an HTML table, escaped and capped, as
 *   `application/vnd.dataresource+json`, and as text;
 * - a suite as a table of its tasks, an encoder as a card (family, sizes,
 *   parameters, pooling, prompts), a weight file as a table of its weights, a
 *   finished run and an arena as a table of their scores;
 * - what knows itself how it is shown (a `TrainingPanel`, another library's
 *   object with `Symbol.for("Jupyter.display")`) in its own way;
 * - anything else as text.
 *
 * With `await` the value is on the screen before the next line runs, also where a
 * program runs the notebook (nbclient, nbconvert, papermill): those miss a few in a
 * hundred of the values that end a cell. Outside a notebook `await` prints the text.
 *
 * @param value A plot, rows, an Arquero table, or anything.
 * @param options How much of a table to show.
 * @returns An object that a Jupyter kernel shows; in a terminal, `String(…)`
 * of it gives the text.
 *
 * @example Usage
 * ```ts
 * import { DISPLAY, show } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const shown = show([{ task: "dom-prose", weight: 0.25 }]); // or: await show(…)
 * const bundle = await shown[DISPLAY]();
 * assert.match(String(shown), /dom-prose/);
 * assert.deepEqual(Object.keys(bundle), [
 *   "text/html",
 *   "application/vnd.dataresource+json",
 *   "text/plain",
 * ]);
 * ```
 */
export function show(value: unknown, options: ShowOptions = {}): Shown {
  return {
    [DISPLAY]: () => mediaBundle(value, options),
    toString: () => plainText(value, options),
    then: (done, failed) => showNow(value, options).then(done, failed),
  };
}

/** Shows a value here and now. */
async function showNow(value: unknown, options: ShowOptions): Promise<void> {
  const display = kernelDisplay();
  if (display === undefined) {
    console.log(plainText(value, options));
    return;
  }
  const displayId = crypto.randomUUID();
  await display(await mediaBundle(value, options), {
    displayId,
    update: false,
  });
}

/** All representations of a value. */
export async function mediaBundle(
  value: unknown,
  options: ShowOptions = {},
): Promise<MediaBundle> {
  const card = cardOf(value);
  if (!card && isShown(value)) return await value[DISPLAY]();
  if (card && card.rows.length > 0) {
    const { rows, caption, footRows = 0 } = card;
    return await mediaBundle(rows, { caption, footRows, ...options });
  }
  const text = { "text/plain": plainText(value, options) };
  if (card) return text;
  if (isPlot(value)) {
    const spec = notebookLook(value);
    return {
      // The kernel knows no newer media type; the front ends read the version
      // from the specification's own $schema.
      "application/vnd.vegalite.v5+json": spec,
      "image/svg+xml": await renderSvg(spec),
      ...text,
    };
  }
  if (isRows(value)) {
    return {
      "text/html": htmlTable(value, { ...options, inlineStyle: true }),
      "application/vnd.dataresource+json": dataResource(value, options),
      ...text,
    };
  }
  return text;
}

function isShown(value: unknown): value is Shown {
  return typeof value === "object" && value !== null && !isTable(value) &&
    typeof (value as Partial<Shown>)[DISPLAY] === "function";
}

/** A value as text alone. */
export function plainText(
  value: unknown,
  { caption, ...options }: ShowOptions = {},
): string {
  const card = cardOf(value);
  if (!card && isShown(value) && hasText(value)) return String(value);
  if (card?.rows.length === 0) return caption ?? card.caption;
  if (card) {
    return plainText(card.rows, {
      footRows: card.footRows ?? 0,
      ...options,
      caption: caption ?? card.caption,
    });
  }
  if (isPlot(value)) {
    const heading = headingOf(value).join(" ");
    return legalText(`[plot] ${heading === "" ? describe(value) : heading}`);
  }
  if (isRows(value)) {
    const table = textTable(value, options);
    return caption === undefined ? table : `${caption}\n\n${table}`;
  }
  return typeof value === "string" ? value : Deno.inspect(value);
}

/** Whether an object says itself what it is as text. */
function hasText(value: object): boolean {
  return value.toString !== Object.prototype.toString;
}

function isPlot(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && typeof value.$schema === "string" &&
    value.$schema.includes("vega-lite");
}

function isRows(value: unknown): value is Rows {
  return isTable(value) ||
    Array.isArray(value) && value.length > 0 && value.every(isPlainObject);
}

/** A table in the form of the Data Package standard, capped like the others. */
function dataResource(table: Rows, { maxRows = 50 }: ShowOptions): object {
  const { columns, rows } = readRows(table, "show a table");
  const shown = rows.length > maxRows ? rows.slice(0, maxRows) : rows;
  return {
    // Through JSON, so that a value which JSON lacks can't break the message.
    data: JSON.parse(safeJson(
      shown.map((row) =>
        Object.fromEntries(columns.map((name) => [name, row[name] ?? null]))
      ),
    )),
    schema: {
      fields: columns.map((name) => ({
        name,
        type: fieldType(shown.map((row) => row[name])),
      })),
    },
  };
}

function fieldType(values: unknown[]): string {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.length === 0) return "any";
  if (known.every((value) => Number.isInteger(value))) return "integer";
  if (known.every((value) => typeof value === "number")) return "number";
  if (known.every((value) => typeof value === "boolean")) return "boolean";
  if (known.every((value) => typeof value === "string")) return "string";
  if (known.every((value) => value instanceof Date)) return "datetime";
  return "any";
}
