import { type Flag, kebab } from "./flags.ts";

/** What an option is called elsewhere, and what differs if it isn't just the name. */
export interface OtherNames {
  /** The flag here. */
  flag: string;
  /** Names that other trainers use, without dashes. */
  names: readonly string[];
  /** What is different about it here. */
  but?: string;
}

/**
 * Names from sentence-transformers, transformers, Tevatron, FlagEmbedding, and of
 * everyday habit. A name may stand for several flags: the first that the command
 * has is meant.
 */
export const OTHER_NAMES: readonly OtherNames[] = [
  { flag: "learning-rate", names: ["lr", "peak-lr", "rate"] },
  {
    flag: "steps",
    names: ["epochs", "epoch", "num-epochs", "num-train-epochs", "passes"],
    but: "it counts updates, not passes over the data",
  },
  {
    flag: "steps",
    names: ["max-steps", "train-steps", "iterations", "iters", "updates"],
  },
  {
    flag: "batch-size",
    names: ["batch", "bs", "train-batch-size", "per-device-train-batch-size"],
    but: "it counts queries; each comes with --passages",
  },
  {
    flag: "warmup",
    names: ["warmup-steps", "num-warmup-steps"],
    but: "it is a share of the steps, from 0 to 1",
  },
  { flag: "warmup", names: ["warmup-ratio"] },
  { flag: "weight-decay", names: ["wd", "decay"] },
  { flag: "hidden-dropout", names: ["dropout"] },
  {
    flag: "passages",
    names: ["train-group-size", "train-n-passages", "group-size"],
  },
  {
    flag: "negatives",
    names: ["num-negatives", "hard-negatives", "num-hard-negatives"],
  },
  { flag: "count", names: ["num-negatives", "hard-negatives", "negatives"] },
  { flag: "temperature", names: ["tau", "temp"] },
  {
    flag: "temperature",
    names: ["scale"],
    but: "it divides the scores, so it is 1 / scale",
  },
  {
    flag: "passage-length",
    names: [
      "passage-max-len",
      "p-max-len",
      "doc-length",
      "max-length",
      "max-seq-length",
      "max-len",
    ],
    but: "queries have --query-length",
  },
  { flag: "query-length", names: ["query-max-len", "q-max-len"] },
  { flag: "precision", names: ["fp16", "bf16", "amp", "mixed-precision"] },
  {
    flag: "checkpointing",
    names: ["gradient-checkpointing", "grad-checkpointing"],
  },
  {
    flag: "chunk-tokens",
    names: ["grad-cache", "gradient-accumulation-steps", "mini-batch-size"],
    but: "it counts tokens",
  },
  { flag: "checkpoint-every", names: ["save-steps", "save-every"] },
  {
    flag: "eval-every",
    names: ["eval-steps", "evaluation-steps", "dev-every"],
  },
  {
    flag: "keep",
    names: ["load-best-model-at-end", "save-best", "save-best-model"],
    but: "it takes best or last",
  },
  {
    flag: "patience",
    names: ["early-stopping-patience", "early-stopping", "early-stop"],
  },
  {
    flag: "model",
    names: ["model-name", "model-name-or-path", "encoder", "base-model"],
  },
  {
    flag: "suite",
    names: ["data", "dataset", "data-dir", "data-path", "dataset-name", "beir"],
  },
  { flag: "tasks", names: ["task", "datasets", "domains"] },
  {
    flag: "out",
    names: ["output", "output-dir", "output-folder", "save-dir", "dest"],
  },
  { flag: "force", names: ["overwrite", "overwrite-output-dir", "yes"] },
  { flag: "backend", names: ["device", "gpu", "cuda"] },
  { flag: "mixture", names: ["weights", "domain-weights", "sampling"] },
  { flag: "strategies", names: ["strategy", "mixtures", "methods"] },
  { flag: "seeds", names: ["seed"] },
  { flag: "seed", names: ["random-state", "random-seed"] },
  { flag: "k", names: ["top-k", "topk", "depth", "hits"] },
  {
    flag: "prompts",
    names: ["no-prompts", "no-prompt", "prompt", "instruction", "instructions"],
    but: "--prompts none leaves them out",
  },
  { flag: "metrics", names: ["metric", "measures"] },
  { flag: "metric", names: ["metrics", "measure"] },
  { flag: "lora.rank", names: ["lora", "lora-r", "lora-rank"] },
  { flag: "lora.alpha", names: ["lora-alpha"] },
  { flag: "lora.dropout", names: ["lora-dropout"] },
  { flag: "lora.targets", names: ["lora-targets", "target-modules"] },
];

/**
 * The option of a command that is meant by a name from elsewhere.
 *
 * @param name As it was typed, without dashes, or as a key of a file.
 * @param all Options of the command.
 * @returns The option, and what differs, to be said after it; nothing if the name is
 * none of those known.
 */
export function otherName(
  name: string,
  all: readonly Flag[],
): { flag: Flag; but: string } | undefined {
  const word = kebab(name).replaceAll("_", "-");
  for (const { flag: target, names, but } of OTHER_NAMES) {
    if (!names.includes(word)) continue;
    const flag = all.find(({ name }) => name === target);
    if (flag) return { flag, but: but === undefined ? "" : `: ${but}` };
  }
}
