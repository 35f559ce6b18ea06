import { textWidth } from "../../tables/text_width.ts";

/** Ink on white: text (15:1). */
export const INK = "#1f2328";
/** Text of less weight (5.9:1). */
export const MUTED = "#57606a";
/** Grid and axis lines. */
export const GRID = "#d0d7de";
/** What a plot is drawn on, unless it takes the page's own. */
export const BACKGROUND = "#ffffff";

/** Okabe-Ito blue: what the plot is about. */
export const BLUE = "#0072b2";
/** Okabe-Ito vermillion: what blue is held against. */
export const VERMILLION = "#d55e00";
/** What a comparison starts from, and what isn't singled out (4.5:1 on white). */
export const GREY = "#767676";

/**
 * Colours for things side by side: Okabe and Ito's palette for all kinds of
 * colour vision (2008), without yellow and black, which vanish on white or on
 * a dark ground, and with orange and sky blue a little darker, so that each
 * stands out at 3:1 or nearly from both.
 */
export const SERIES = [
  BLUE,
  VERMILLION,
  "#009e73", // bluish green
  "#b8618f", // reddish purple
  "#c48300", // orange
  "#3a9bd4", // sky blue
] as const;

/** Shapes that go with the colours, so that nothing hangs on colour alone. */
export const SHAPES = [
  "diamond",
  "triangle-up",
  "square",
  "cross",
  "triangle-down",
  "triangle-right",
] as const;

/**
 * Encodings that tell arms apart by colour and shape, with one legend above a
 * plot `width` px wide. The first arm is the grey circle that others start from;
 * 36 more look different.
 */
export function armEncoding(
  arms: readonly string[],
  width: number,
): { color: object; shape: object } {
  const colors = arms.map((_, i) =>
    i === 0 ? GREY : SERIES[(i - 1) % SERIES.length]!
  );
  const shapes = arms.map((_, i) => {
    const turn = Math.floor((i - 1) / SERIES.length);
    return i === 0 ? "circle" : SHAPES[(i - 1 + turn) % SHAPES.length]!;
  });
  const widest = Math.max(...arms.map((arm) => textWidth(arm, 12))) + 36;
  const legend = {
    orient: "top",
    title: null,
    offset: 6,
    columns: Math.max(1, Math.floor(width / widest)),
    symbolLimit: 0, // all; Vega leaves out what comes after 30
  };
  const arm = { field: "arm", type: "nominal" };
  return {
    color: { ...arm, scale: { domain: arms, range: colors }, legend },
    shape: { ...arm, scale: { domain: arms, range: shapes } },
  };
}

/** Arms in order of appearance, but `uniform` (what others start from) first. */
export function orderArms(arms: Iterable<string>): string[] {
  const all = [...new Set(arms)];
  return all.includes("uniform")
    ? ["uniform", ...all.filter((arm) => arm !== "uniform")]
    : all;
}
