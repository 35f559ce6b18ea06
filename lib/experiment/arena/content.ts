import { isWithinChance } from "../../dro/mod.ts";
import type { ReportContent, ReportPlot } from "../../report/mod.ts";
import { type ArenaPlots, arenaPlots } from "./plots.ts";
import { type ArenaResult, arenaTable } from "./result.ts";
import { arenaVerdict } from "./verdict.ts";
import { cutTable } from "../report/run_content.ts";
import { REPORT_TERMS } from "../report/report_terms.ts";
import type { ArenaData } from "../report/reportable.ts";

/** What the report of one arena says. */
export function arenaContent(
  { result, identity }: Omit<ArenaData, "kind">,
): ReportContent {
  const { strategies, arms: _, ...settings } = result;
  const warnings = arenaWarnings(result);
  return {
    title: `Arena of mixtures on the suite “${result.suite}”`,
    summary: arenaVerdict(result).filter((line) => !warnings.includes(line)),
    warnings,
    tables: [{
      caption: "Strategies, best mean nDCG@10 first",
      table: resultsFirst(result),
      footRows: 0,
    }],
    plots: plots(arenaPlots(result)),
    appendix: [
      {
        caption: "nDCG@10 by task and strategy (means over the seeds)",
        table: result.tasks.map(({ name }, k) => ({
          task: name,
          ...Object.fromEntries(strategies.map((s) => [s.name, s.tasks[k]!])),
        })),
        footRows: 0,
      },
      ...identity?.lengths ? [cutTable(identity.lengths)] : [],
      {
        caption: "What the strategies are",
        table: strategies.map(({ name, formula, source, failsWhen }) => ({
          name,
          formula,
          source,
          "fails when": failsWhen,
        })),
      },
      {
        caption: "Weights that they chose (means over the seeds)",
        table: result.tasks.map(({ name, size }, k) => ({
          task: name,
          size,
          ...Object.fromEntries(
            strategies.flatMap((s) => [
              [s.name, s.weights[k]!],
              ...seedsWithinChance(s.name, k, result),
            ]),
          ),
        })),
      },
    ],
    terms: REPORT_TERMS,
    provenance: { ...identity, ...settings },
  };
}

/**
 * The arena's table for a page: what decides comes first, and the differences by
 * task are left to the heatmap, which has a line for each.
 */
function resultsFirst(result: ArenaResult): ReturnType<typeof arenaTable> {
  const table = arenaTable(result);
  const short = table.select(
    table.columnNames().filter((name) => !name.startsWith("Δ ")),
  );
  return short.relocate(["worst", "worstTask", "p"], { after: "pInferior" });
}

/**
 * In how many seeds a strategy's weight of a task is within what chance alone gives: a
 * column of its own, where that is known.
 */
function seedsWithinChance(
  strategy: string,
  task: number,
  { arms }: ArenaResult,
): [string, string][] {
  const own = arms.filter((arm) => arm.strategy === strategy);
  if (!own.every((arm) => arm.chance)) return [];
  const within = own.filter(({ weights, chance }) =>
    isWithinChance(weights[task]!, chance![task]!)
  );
  return [[
    `${strategy}: seeds within chance`,
    `${within.length} of ${own.length}`,
  ]];
}

/** Guard rails that strategies crossed, as the verdict words them. */
export function arenaWarnings({ strategies }: ArenaResult): string[] {
  return strategies.flatMap(({ name, warnings }) =>
    warnings.map((warning) => `${name}: ${warning}`)
  );
}

function plots(specs: ArenaPlots): ReportPlot[] {
  const about: Record<keyof ArenaPlots, [string, string]> = {
    intervals: [
      "Gain of each strategy",
      "Difference of the mean nDCG@10 to uniform sampling, with its 95 % interval over seeds and test queries; p after Holm.",
    ],
    gains: [
      "Gain by task and strategy",
      "Difference in nDCG@10 to uniform sampling, mean over the seeds.",
    ],
    cost: [
      "Quality against what choosing took",
      "Mean nDCG@10 against the proxy steps of one seed; intervals are those of the difference to uniform.",
    ],
    weights: [
      "The mixtures",
      "Weights that the strategies chose, mean over the seeds.",
    ],
    dev: [
      "Dev scores while training",
      "Mean nDCG@10 over the tasks, on a sample of dev queries and passages: higher than on whole corpora, and the same for every arm.",
    ],
    devLost: [
      "What tasks lost since their best",
      "Dev nDCG@10 at the end of training minus the best on the way, mean over the seeds. A task that falls overfits, or is crowded out.",
    ],
  };
  return Object.entries(about).flatMap(([name, [title, description]]) => {
    const spec = specs[name as keyof ArenaPlots];
    return spec ? [{ title, spec, description }] : [];
  });
}
