import {
  type ArenaLike,
  type EncoderLike,
  type EvalReportLike,
  type FinishedRunLike,
  isArena,
  isEncoder,
  isEvalReport,
  isFinishedRun,
  isRetriever,
  isSuite,
  isTask,
  isWeightFile,
  type RetrieverLike,
  type SuiteLike,
  type TaskLike,
  type WeightFileLike,
} from "../plots/shapes.ts";
import { scoreRows, taskRows, weightRows } from "../tables/object_rows.ts";

/** A table that stands for an object. */
export interface Card {
  /** What the object is. */
  caption: string;
  /** The rows. */
  rows: object[];
  /** How many at the end are a summary. @default {0} */
  footRows?: number;
}

/** The table that stands for an object of another room, if it's one of them. */
export function cardOf(value: unknown): Card | undefined {
  if (isSuite(value)) return suiteCard(value);
  if (isEncoder(value)) return encoderCard(value);
  if (isWeightFile(value)) return weightCard(value);
  if (isFinishedRun(value)) return runCard(value);
  if (isArena(value)) return arenaCard(value);
  if (isEvalReport(value)) return evalCard(value);
  if (isRetriever(value)) return retrieverCard(value);
  if (isTask(value)) return taskCard(value);
  return undefined;
}

function suiteCard(suite: SuiteLike): Card {
  const rows = taskRows(suite);
  const passages = rows.reduce((sum, row) => sum + row.passages, 0);
  return {
    caption: `Suite “${suite.name}”: ${count(rows.length, "tasks", "task")}, ${
      count(passages, "passages", "passage")
    }`,
    rows,
  };
}

/** Pairs that a task's card shows of each split. */
const SAMPLE = 3;

function taskCard(task: TaskLike): Card {
  const splits = Object.entries(task.qrels);
  const sizes = splits.map(([split, judged]) =>
    `${judged?.size ?? 0} ${split}`
  );
  return {
    caption: `Task “${task.name}”: ${
      count(task.corpus.size, "passages", "passage")
    }, ${count(task.queries.size, "queries", "query")} (${sizes.join(", ")})${
      task.prompt ? `; prompt “${task.prompt}”` : ""
    }`,
    rows: splits.flatMap(([split, judged]) =>
      [...judged ?? []].slice(0, SAMPLE).map(([query, grades]) => {
        const [passage] = grades instanceof Map ? grades.keys() : [];
        return {
          split,
          query: textOf(task.queries.get(query)),
          passage: textOf(task.corpus.get(`${passage}`)),
        };
      })
    ),
  };
}

function textOf(value: unknown): string | null {
  const { text, title } = value as { text?: string; title?: string } ?? {};
  return [title, text].filter(Boolean).join(" ") || null;
}

/** Sizes with the words of the field, for whichever family has them. */
const SIZES = [
  ["layers", "layers"],
  ["hiddenSize", "width"],
  ["heads", "attention heads"],
  ["kvHeads", "key/value heads"],
  ["intermediateSize", "feed-forward width"],
  ["vocabSize", "vocabulary"],
  ["maxPositions", "positions"],
] as const;

function encoderCard(encoder: EncoderLike): Card {
  const { config, modules, parameters, lora } = encoder;
  const all = [...parameters.values()];
  const total = all.reduce((sum, p) => sum + p.size, 0);
  const trained = all.reduce(
    (sum, p) => p.trainable === false ? sum : sum + p.size,
    0,
  );
  const facts: [string, unknown][] = [
    ["family", config.modelType],
    ...SIZES.map(([field, word]) => [word, config[field]] as [string, unknown]),
    ["parameters", total],
    ["trainable parameters", trained === total ? undefined : trained],
    ["number type", [...new Set(all.map((p) => p.dtype))].join(", ")],
    ["pooling", [modules.pooling].flat().join(" + ")],
    ["normalised", modules.normalize],
    // Not the positions: RoBERTa's texts are two shorter than its table.
    ["longest text (tokens)", encoder.maxLength],
    ...prompts(modules.prompts),
    ["LoRA rank", lora?.rank ?? lora?.r],
    ["LoRA alpha", lora?.alpha],
  ];
  return {
    caption: `Encoder: ${config.modelType}, ${short(total)} parameters`,
    rows: facts.flatMap(([property, value]) =>
      value === undefined || value === ""
        ? []
        : [{ property, value: written(value) }]
    ),
  };
}

function prompts(given: unknown): [string, unknown][] {
  if (typeof given !== "object" || given === null) return [];
  return Object.entries(given).map(([name, text]) => [
    `prompt “${name}”`,
    JSON.stringify(text),
  ]);
}

function weightCard(file: WeightFileLike): Card {
  const { names, weights } = file;
  const kept = weights.filter((w) => w > 0).length;
  return {
    caption: `Weights of ${count(names.length, "tasks", "task")}${
      kept < names.length ? `, ${kept} of them above 0` : ""
    }`,
    rows: weightRows(file).map(({ timesUniform, rows, passes, ...row }) => ({
      ...row,
      "times uniform": timesUniform,
      rows,
      passes,
    })).sort((a, b) => b.weight - a.weight),
  };
}

function runCard(
  { summary: { suite, seed, mean, baselines, tasks } }: FinishedRunLike,
): Card {
  const means = Object.entries(mean).map(([arm, value]) =>
    `${arm} ${value.toFixed(4)}`
  );
  return {
    caption: `Run on “${suite}”, seed ${seed}: mean nDCG@10 ${
      means.join(", ")
    }`,
    rows: [
      ...tasks.map(({ name, size, weight, ndcg, baselines }) => ({
        task: name,
        size,
        weight,
        ...baselines,
        ...ndcg,
      })),
      { task: "mean", size: null, weight: null, ...baselines, ...mean },
    ],
    footRows: 1,
  };
}

function evalCard(report: EvalReportLike): Card {
  return {
    caption: `Evaluation on “${report.suite}”`,
    rows: [
      ...scoreRows(report),
      { task: "mean", queries: null, ...report.mean },
    ],
    footRows: 1,
  };
}

function retrieverCard(
  { label, folder, encoding, backend }: RetrieverLike,
): Card {
  const prompts = {
    task: "the task's instruction, before queries",
    model: "the model's own",
  } as Record<string, string>;
  return {
    caption: `Retriever “${label}”`,
    rows: [
      ["model", folder],
      ["prompts", prompts[encoding.prompts] ?? encoding.prompts],
      ["maximum tokens of a query", written(encoding.queryLength)],
      ["maximum tokens of a passage", written(encoding.passageLength)],
      ["backend", `${backend.name} on ${backend.device}`],
    ].map(([property, value]) => ({ property, value })),
  };
}

function arenaCard({ suite, seeds, strategies }: ArenaLike): Card {
  return {
    caption: `Arena on “${suite}”: ${
      count(strategies.length, "strategies", "strategy")
    }, ${count(seeds.length, "seeds", "seed")}`,
    rows: strategies.toSorted((a, b) => b.mean - a.mean).map((s) => ({
      strategy: s.name,
      "nDCG@10": s.mean,
      difference: s.interval && s.difference,
      low: s.interval?.[0] ?? null,
      high: s.interval?.[1] ?? null,
      pHolm: s.pHolm,
      proxySteps: s.proxySteps,
    })),
  };
}

function count(n: number, many: string, one: string): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;
}

function short(n: number): string {
  return new Intl.NumberFormat("en-US", {
    notation: "compact",
    maximumSignificantDigits: 3,
  }).format(n);
}

function written(value: unknown): string {
  if (typeof value === "number") return value.toLocaleString("en-US");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}
