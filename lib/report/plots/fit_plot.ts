/**
 * A plot for a place on a page: as wide as that, without its heading, which the
 * page writes itself, and with names beside it that take a third at most (Vega
 * ends a longer one in `…`). Plots that stand in a row or below each other keep
 * their widths.
 *
 * The page has the source of this very function (`toString()`), to fit plots to
 * windows of all sizes; so it may use nothing from outside itself.
 *
 * @param spec A Vega-Lite specification. It isn't changed.
 * @param width Width of the place, in px.
 */
export function fitPlot(
  spec: Record<string, unknown>,
  width: number,
): Record<string, unknown> {
  type Tree = Record<string, unknown>;
  const tree = (value: unknown): Tree =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Tree
      : {};
  const { title: _, ...plot } = spec;
  if (typeof plot.width !== "number") return plot;
  const columns = tree(tree(tree(plot.encoding).x).scale).domain;
  // Columns have a number in each, which must be readable.
  const taken = Array.isArray(columns) ? columns.length * 48 + 10 : 0;
  const names = Math.round(
    Math.max(90, Math.min(width * 0.34, width - taken)),
  );
  // Beside the area lies at least an axis.
  const share = Math.min(1, (width - 120) / plot.width);
  // Most letters in a line of an axis' title.
  const letters = Math.floor(Math.max(20, width * 0.6 / 6.6));
  const lines = (text: string): string | string[] => {
    if (text.length <= letters) return text;
    const broken = [""];
    for (const word of text.split(" ")) {
      const line = broken[broken.length - 1]!;
      if (line === "") broken[broken.length - 1] = word;
      else if (line.length + word.length >= letters) broken.push(word);
      else broken[broken.length - 1] = `${line} ${word}`;
    }
    return broken;
  };
  /** Legends in fewer columns, titles in lines. */
  const narrowed = (value: unknown, key: string): unknown => {
    if (key === "data" || key === "tooltip") return value;
    if (key === "title" && typeof value === "string") return lines(value);
    if (key === "columns" && typeof value === "number") {
      return Math.max(1, Math.floor(value * share));
    }
    if (Array.isArray(value)) return value.map((item) => narrowed(item, ""));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, narrowed(item, name)]),
    );
  };
  const config = tree(plot.config), style = tree(config.style);
  const limit = { limit: Math.max(110, names) };
  const fitted = {
    ...narrowed(plot, "") as Tree,
    config: {
      ...config,
      axisY: { ...tree(config.axisY), labelLimit: names },
      style: {
        ...style,
        "value-label": { ...tree(style["value-label"]), ...limit },
        "reference-label": { ...tree(style["reference-label"]), ...limit },
      },
    },
  };
  // Columns with a number in each don't grow, and shrink to what they need.
  return Array.isArray(columns)
    ? {
      ...fitted,
      width: Math.max(
        columns.length * 48,
        Math.min(plot.width, width - names - 10),
      ),
    }
    : { ...fitted, width, autosize: { type: "fit-x", contains: "padding" } };
}
