/** Parts of a Vega-Lite specification that the plots share. */
export type Part = Record<string, unknown>;

/** A number on an axis, or in another channel. */
export function quantity(field: string, rest: Part = {}): Part {
  return { field, type: "quantitative", ...rest };
}

/** A name in a channel. */
export function names(field: string, rest: Part = {}): Part {
  return { field, type: "nominal", ...rest };
}

/** The axis of a plot with a line for each name, in the order given. */
export function rowAxis(field: string, order: readonly string[]): {
  axis: Part;
  bare: Part;
} {
  const bare = names(field, { title: null, scale: { domain: order } });
  return { bare, axis: { ...bare, axis: { domain: false, ticks: false } } };
}

/** A line of a tooltip: the field, what it's called, how it's written. */
export function tip(field: string, title = field, format?: string): Part {
  return format === undefined
    ? names(field, { title })
    : quantity(field, { title, format });
}

/** A dashed line across the plot with a label in italics. */
export function referenceLine(
  { channel, value, label, labelAt, text = {} }: {
    /** The axis on which `value` lies. */
    channel: "x" | "y";
    /** Where the line lies. */
    value: number;
    /** What it stands for. */
    label: string;
    /** Where on the other axis the label lies, in px. */
    labelAt: number;
    /** More about the label's mark. */
    text?: Part;
  },
): Part[] {
  const data = { values: [{ value, label }] };
  const across = quantity("value");
  const other = channel === "x" ? "y" : "x";
  return [
    {
      data,
      mark: { type: "rule", style: "reference-line" },
      encoding: { [channel]: across },
    },
    {
      data,
      mark: { type: "text", style: "reference-label", ...text },
      encoding: {
        [channel]: across,
        [other]: { value: labelAt },
        text: names("label"),
      },
    },
  ];
}

/** A column of texts to the right of the plot area. */
export function rightColumn(y: Part, field = "label"): Part {
  return {
    mark: { type: "text", align: "left", dx: 8, style: "value-label" },
    encoding: { y, x: { value: "width" }, text: names(field) },
  };
}

/** The axis of an nDCG@10. */
export const NDCG_TITLE = "nDCG@10 (0 to 1)";

/** Labels of an axis of differences: `+0.01`, `0`, `−0.01`. */
export const SIGNED_LABEL =
  "datum.value == 0 ? '0' : format(datum.value, '+.3~f')";

/** `+0.0123`, with a real minus sign. */
export function signed(value: number, digits = 3): string {
  const text = Math.abs(value).toFixed(digits);
  const zero = Number(text) === 0;
  return `${zero ? "±" : value < 0 ? "−" : "+"}${text}`;
}

/** `12.5%` of a share. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`;
}
