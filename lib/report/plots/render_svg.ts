import { textWidth } from "../tables/text_width.ts";
import { escapeHtml, legalText } from "../escape.ts";
import { plotConfig } from "./plot_spec.ts";

/** Options for {@linkcode renderSvg}. */
export interface RenderSvgOptions {
  /** What a screen reader says. By default the plot's own description or title. */
  description?: string;
  /**
   * Whether text and lines take the colour of the page around (`currentColor`,
   * transparent ground) instead of the plot's dark ink on white; for an SVG
   * inside an HTML page that has a dark mode. @default {false}
   */
  inheritColor?: boolean;
  /** Gets what Vega-Lite and Vega warn of. By default warnings are dropped. */
  onWarning?: (message: string) => void;
}

/**
 * Draws a Vega-Lite plot as SVG, without browser, canvas or network.
 *
 * Vega loads when this is first called, not when the module is imported. Where
 * there is no canvas to measure text with, it is given the widths of a common
 * sans-serif face through its `textMetrics.width` hook, so that no label is cut.
 *
 * @param spec A Vega-Lite specification with inline data, such as a
 * {@linkcode PlotSpec}.
 * @param options Colours, description, warnings.
 * @returns The text of the SVG: one `<svg role="img">` element.
 * @throws {RangeError} If the specification is faulty or its data are not
 * inline.
 *
 * @example Usage
 * ```ts
 * import { renderSvg, weightsPlot } from "@tdro/tdro/report";
 * import assert from "node:assert/strict";
 *
 * const svg = await renderSvg(weightsPlot([{ task: "dom-prose", weight: 1 }]));
 * assert(svg.startsWith("<svg ") && svg.includes(">dom-prose</text>"));
 * ```
 */
export async function renderSvg(
  spec: object,
  { description, inheritColor = false, onWarning }: RenderSvgOptions = {},
): Promise<string> {
  const vega = await import("vega");
  const { compile } = await import("vega-lite");
  const logger = quietLogger(onWarning);
  let view;
  try {
    // A copy, because Vega leaves marks on the rows it draws.
    const copy = structuredClone(spec) as Tree;
    const styled = inheritColor ? mergeDeep(copy, pageLook()) : copy;
    const compiled = compile(
      styled as unknown as Parameters<typeof compile>[0],
      // The root element says what the plot shows; vega's own labels on every
      // part of it would only repeat numbers without their order.
      { logger, config: { aria: false } },
    );
    refuseLinks(compiled.spec.data ?? []);
    measureText(vega);
    view = new vega.View(vega.parse(compiled.spec), {
      renderer: "none",
      logger,
      loader: LOADER,
    });
    const svg = await view.toSVG();
    const label = description ?? describe(spec as Tree);
    return ownIds(legalText(svg)).replace(
      /^<svg /,
      () => `<svg role="img" aria-label="${escapeHtml(label)}" `,
    );
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new RangeError(
      `Cannot render a plot: ${message.split("\n")[0]}`,
      { cause: error },
    );
  } finally {
    view?.finalize();
  }
}

/**
 * Numbers the ids of a drawing from 0: Vega counts on from drawing to drawing,
 * and the same plot would come out differently each time.
 */
function ownIds(svg: string): string {
  const newIds = new Map<string, string>();
  for (const [, id] of svg.matchAll(/<[^>]* id="([^"]*)"/g)) {
    const name = id!.replace(/\d+$/, "");
    if (!newIds.has(id!)) newIds.set(id!, `${name}${newIds.size}`);
  }
  if (newIds.size === 0) return svg;
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag.replace(
      /( id="|url\(#)([^")]*)/g,
      (whole, before, id) => newIds.has(id) ? before + newIds.get(id) : whole,
    ));
}

/** Heading or description of any Vega-Lite specification, in one line. */
export function describe(spec: Record<string, unknown>): string {
  if (typeof spec.description === "string") return spec.description;
  const title = headingOf(spec).join(" ");
  return title === "" ? "Plot" : title;
}

/** Lines of a specification's title. */
export function headingOf(spec: Record<string, unknown>): string[] {
  return linesOf(isTree(spec.title) ? spec.title.text : spec.title);
}

/** Lines below a specification's title. */
export function subheadingOf(spec: Record<string, unknown>): string[] {
  return isTree(spec.title) ? linesOf(spec.title.subtitle) : [];
}

function linesOf(text: unknown): string[] {
  if (Array.isArray(text)) return text.map(String);
  return typeof text === "string" ? [text] : [];
}

type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mergeDeep(base: Tree, over: Tree): Tree {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = merged[key];
    merged[key] = isTree(old) && isTree(value) ? mergeDeep(old, value) : value;
  }
  return merged;
}

/** What makes a plot take the colours of the page around, to merge over it. */
export function pageLook(): Record<string, unknown> {
  const ink = "currentColor";
  return {
    background: null,
    padding: { left: 0, right: 6, top: 4, bottom: 4 },
    config: mutePage(
      plotConfig({ ink, muted: ink, grid: ink, background: null }),
    ),
  };
}

/** One colour for everything, so what was lighter must be less opaque. */
function mutePage(config: Tree): Tree {
  return mergeDeep(config, {
    title: { subtitleColor: "currentColor" },
    axis: {
      gridOpacity: 0.15,
      domainOpacity: 0.3,
      tickOpacity: 0.3,
      titleOpacity: 0.8,
    },
  });
}

/**
 * What Vega asks before it reads a file or writes a link: nothing is read, and a
 * link leads to the web or nowhere. (Vega's own refuses `javascript:` links by a
 * promise that nobody catches, which ends the program.)
 */
const LOADER = {
  options: undefined,
  load: refuseLoad,
  http: refuseLoad,
  file: refuseLoad,
  sanitize: (uri: string) =>
    Promise.resolve({ href: /^https?:\/\//i.test(uri) ? uri : "#" }),
};

function refuseLoad(): Promise<string> {
  return Promise.reject(new Error("a plot reads no files"));
}

function refuseLinks(sources: readonly object[]): void {
  for (const source of sources) {
    if (!("url" in source)) continue;
    throw new RangeError(
      `Cannot render a plot: its data must be inline (data.values): got the link ${
        JSON.stringify(source.url)
      }`,
    );
  }
}

interface TextItem {
  fontSize?: number;
  fontWeight?: string | number;
}

/** Vega's documented hook, missing from its type declarations. */
interface TextMetrics {
  width: (item: TextItem, text: unknown) => number;
  estimateWidth: unknown;
}

function measureText(vega: unknown): void {
  const { textMetrics } = vega as { textMetrics: TextMetrics };
  // A canvas, or another's hook, knows better.
  if (textMetrics.width === textMetrics.estimateWidth) {
    textMetrics.width = measure;
  }
}

function measure(item: TextItem, text: unknown): number {
  const bold = item.fontWeight === "bold" || Number(item.fontWeight) >= 600;
  return textWidth(String(text ?? ""), item.fontSize ?? 11, bold);
}

/** The part of a logger that Vega and Vega-Lite both use. */
interface QuietLogger {
  level(): number;
  level(level: number): QuietLogger;
  error(...args: readonly unknown[]): QuietLogger;
  warn(...args: readonly unknown[]): QuietLogger;
  info(...args: readonly unknown[]): QuietLogger;
  debug(...args: readonly unknown[]): QuietLogger;
}

function quietLogger(onWarning?: (message: string) => void): QuietLogger {
  const warn = (...args: readonly unknown[]) => {
    onWarning?.(args.map(String).join(" "));
    return logger;
  };
  const drop = () => logger;
  // deno-lint-ignore no-explicit-any -- one function, two call forms
  const level: any = (value?: number) => value === undefined ? 2 : logger;
  const logger: QuietLogger = {
    level,
    error: warn,
    warn,
    info: drop,
    debug: drop,
  };
  return logger;
}
