import type { AnyRow } from "../read_rows.ts";
import {
  type ArenaLike,
  type EncoderLike,
  type FinishedRunLike,
  isArena,
  isEncoder,
  isFinishedRun,
  isSuite,
  isWeightFile,
  type SuiteLike,
  type WeightFileLike,
} from "../plots/shapes.ts";

/** A table that stands for an object. */
export interface Card {
  /** What the object is. */
  caption: string;
  /** The rows. */
  rows: AnyRow[];
}

/** The table that stands for an object of another room, if it's one of them. */
export function cardOf(value: unknown): Card | undefined {
  if (isSuite(value)) return suiteCard(value);
  if (isEncoder(value)) return encoderCard(value);
  if (isWeightFile(value)) return weightCard(value);
  if (isFinishedRun(value)) return runCard(value);
  if (isArena(value)) return arenaCard(value);
  return undefined;
}

function suiteCard({ name, tasks }: SuiteLike): Card {
  const splits = ["train", "dev", "test"];
  const rows = tasks.map((task) => ({
    task: task.name,
    kind: task.kind ?? null,
    language: [task.language ?? []].flat().join(" ") || null,
    passages: task.corpus.size,
    queries: task.queries.size,
    ...Object.fromEntries(
      splits.map((split) => [split, task.qrels[split]?.size ?? 0]),
    ),
    prompt: task.prompt || null,
  }));
  const passages = rows.reduce((sum, row) => sum + row.passages, 0);
  return {
    caption: `Suite “${name}”: ${count(tasks.length, "tasks", "task")}, ${
      count(passages, "passages", "passage")
    }`,
    rows,
  };
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
    ["pooling", modules.pooling],
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

function weightCard({ names, weights, sizes, epochs }: WeightFileLike): Card {
  const sum = weights.reduce((total, w) => total + w, 0);
  const rows = names.map((task, k) => ({
    task,
    weight: weights[k]!,
    "times uniform": sum === 0 ? null : weights[k]! / sum * names.length,
    rows: sizes[k]!,
    passes: epochs[k]!,
  })).sort((a, b) => b.weight - a.weight);
  const kept = weights.filter((w) => w > 0).length;
  return {
    caption: `Weights of ${count(names.length, "tasks", "task")}${
      kept < names.length ? `, ${kept} of them above 0` : ""
    }`,
    rows,
  };
}

function runCard(
  { summary: { suite, seed, mean, tasks } }: FinishedRunLike,
): Card {
  const means = Object.entries(mean).map(([arm, value]) =>
    `${arm} ${value.toFixed(4)}`
  );
  return {
    caption: `Run on “${suite}”, seed ${seed}: mean nDCG@10 ${
      means.join(", ")
    }`,
    rows: tasks.map(({ name, size, weight, ndcg }) => ({
      task: name,
      size,
      weight,
      ...ndcg,
    })),
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
