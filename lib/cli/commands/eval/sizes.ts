import type {
  EvalReport,
  SizesOptions,
  VectorSize,
} from "../../../eval/mod.ts";
import { tablesFor } from "../tables.ts";
import type { CommandIo } from "../../io.ts";
import type { EvalPlan } from "./options.ts";

/** Seed of the intervals' resamples: the same numbers at every call. */
const SEED = 42;

/**
 * Which smaller vectors the options ask for, if they do.
 *
 * @param options Those of the command.
 * @param normalize Whether the model normalises its vectors.
 */
export async function sizesAsked(
  { dims, precisions, rescore, rescoreBy }: EvalPlan,
  normalize: boolean,
): Promise<SizesOptions | undefined> {
  if (dims === undefined && precisions === undefined) return;
  const { createRng } = await import("../../../sampling/mod.ts");
  const rng = createRng(SEED, "eval/sizes");
  const asked: SizesOptions = { dims, precisions, rescore, rescoreBy };
  if (!normalize) asked.normalize = false;
  const said = Object.entries(asked).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(said), rng };
}

/** The table of sizes: intervals are of the change, those of scores in the record. */
export async function sizesTable(
  { sizes = [], settings }: EvalReport,
  io: CommandIo,
): Promise<string> {
  const table = await tablesFor(io);
  const [metric] = settings.metrics as [string];
  return table(
    sizes.map((size) => ({
      dim: size.dim,
      precision: size.precision,
      rescored: size.rescore > 0
        ? `×${size.rescore} by ${size.rescoreBy}`
        : "–",
      bytes: size.bytes,
      [metric]: size.mean[metric]!,
      change: size.change ? signed(size.change.difference) : "–",
      "95 %": size.change?.interval
        ? size.change.interval.map(signed).join(" to ")
        : "–",
    })),
    { columnDigits: { [metric]: 4 } },
  );
}

function signed(value: number): string {
  const text = Math.abs(value).toFixed(4);
  return Number(text) === 0 ? text : `${value < 0 ? "−" : "+"}${text}`;
}

/** Draws scores against bytes: an SVG, and beside it the Vega-Lite file. */
export async function writeSizesPlot(
  path: string,
  { sizes = [], settings }: EvalReport,
): Promise<void> {
  const { renderSvg, sizesPlot } = await import("../../../report/mod.ts");
  const { writeWhole } = await import("../../../data/mod.ts");
  const [metric] = settings.metrics as [string];
  const row = ({ mean, interval, ...size }: VectorSize) => ({
    ...size,
    score: mean[metric]!,
    low: interval?.[0] ?? null,
    high: interval?.[1] ?? null,
  });
  const plot = sizesPlot(sizes.map(row), { metric });
  await writeWhole(path, await renderSvg(plot));
  await writeWhole(specPath(path), `${JSON.stringify(plot, null, 2)}\n`);
}

/** Where the Vega-Lite file goes. */
export function specPath(path: string): string {
  return `${path.replace(/\.svg$/, "")}.vl.json`;
}
