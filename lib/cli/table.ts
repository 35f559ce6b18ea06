import type { Command } from "./command.ts";

/** A kind of access that Deno grants: `--allow-<permission>`. */
export type Permission =
  | "read"
  | "write"
  | "net"
  | "env"
  | "run"
  | "ffi"
  | "sys";

/** What a command is granted at least, and at most. */
export interface Permissions {
  /** What it can't do without. */
  needs: readonly Permission[];
  /** What some of its options need, or a faster backend; it does without. */
  uses?: readonly Permission[];
}

/** A command that isn't loaded yet. */
export interface CommandEntry extends Permissions {
  /** Words after `tdro`. */
  name: string;
  /** The command's own summary, repeated here so that help needn't load it. */
  summary: string;
  /** Loads the command's module. */
  load(): Promise<{ command: Command }>;
}

/**
 * The `tensorflow` backend: where it is (`env`), its library (`ffi`), the compiler
 * of its kernels (`run`). And `sys`: the host's name in a folder's lock.
 */
const BACKEND = ["env", "ffi", "run", "sys"] as const;

/** Every command, in the order of the help text. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "Learn the mixture of the docs suite, end to end",
    needs: ["read", "write", "env", "run"],
    uses: ["net", "ffi", "sys"],
    load: () => import("./commands/demo.ts"),
  },
  {
    name: "run",
    summary: "Learn the mixture of a suite in BEIR form, end to end",
    needs: ["read", "write"],
    uses: ["net", ...BACKEND],
    load: () => import("./commands/run.ts"),
  },
  {
    name: "train",
    summary: "Train one retriever on a mixture, e.g. on learned weights",
    needs: ["read", "write"],
    uses: ["net", ...BACKEND],
    load: () => import("./commands/train.ts"),
  },
  {
    name: "distil",
    summary: "Distil a fast query tower for an index that stays as it is",
    needs: ["read", "write"],
    uses: ["net", ...BACKEND],
    load: () => import("./commands/distil.ts"),
  },
  {
    name: "scale",
    summary: "Train a grid of sizes and amounts of data, and fit a scaling law",
    needs: ["read", "write"],
    uses: BACKEND,
    load: () => import("./commands/scale.ts"),
  },
  {
    name: "arena plan",
    summary: "Divide an arena into jobs for any number of machines",
    needs: ["read", "write"],
    uses: ["net", ...BACKEND],
    load: () => import("./commands/arena/plan.ts"),
  },
  {
    name: "arena collect",
    summary: "Make an arena of a plan's finished jobs",
    needs: ["read", "write"],
    uses: ["sys"],
    load: () => import("./commands/arena/collect.ts"),
  },
  {
    name: "arena",
    summary: "Compare strategies for choosing the mixture over several seeds",
    needs: ["read", "write"],
    uses: ["net", ...BACKEND],
    load: () => import("./commands/arena.ts"),
  },
  {
    name: "plan",
    summary: "Write the files that hand a plan's jobs to a scheduler",
    needs: ["read", "write"],
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "work",
    summary: "Do the jobs of a plan that nobody else is doing",
    needs: ["read", "write"],
    uses: BACKEND,
    load: () => import("./commands/work.ts"),
  },
  {
    name: "report",
    summary: "Write one HTML page about finished runs, arenas or distillations",
    needs: ["read", "write"],
    load: () => import("./commands/report.ts"),
  },
  {
    name: "plots",
    summary: "Write the plots of a run or an arena as SVG and Vega-Lite files",
    needs: ["read", "write"],
    load: () => import("./commands/plots.ts"),
  },
  {
    name: "serve",
    summary: "Search a run's models side by side on a local page",
    needs: ["net", "read"],
    uses: ["write", ...BACKEND],
    load: () => import("./commands/serve.ts"),
  },
  {
    name: "runs",
    summary: "List runs and arenas: suite, status, mean nDCG@10",
    needs: ["read"],
    load: () => import("./commands/runs.ts"),
  },
  {
    name: "export",
    summary: "Write a run's log and scores for TensorBoard, MLflow or W&B",
    needs: ["read", "write"],
    load: () => import("./commands/export.ts"),
  },
  {
    name: "handoff",
    summary: "Make a project of a run that trains on a PyTorch cluster",
    needs: ["read", "write"],
    uses: BACKEND,
    load: () => import("./commands/handoff.ts"),
  },
  {
    name: "model pull",
    summary: "Download a model from the Hugging Face hub or a mirror",
    needs: ["net", "read", "write", "env"],
    load: () => import("./commands/model/pull.ts"),
  },
  {
    name: "model push",
    summary: "Upload a model to the Hugging Face hub",
    needs: ["net", "read", "env"],
    load: () => import("./commands/model/push.ts"),
  },
  {
    name: "model info",
    summary: "Describe a model folder without loading its weights",
    needs: ["read"],
    load: () => import("./commands/model/info.ts"),
  },
  {
    name: "model check",
    summary: "Check a model folder and compare it with PyTorch",
    needs: ["read", "write"],
    uses: BACKEND,
    load: () => import("./commands/model/check.ts"),
  },
  {
    name: "model convert",
    summary:
      "Convert a model's weights to another number format, or cut its vectors",
    needs: ["read", "write"],
    uses: BACKEND,
    load: () => import("./commands/model/convert.ts"),
  },
  {
    name: "model merge",
    summary: "Merge a LoRA adapter into its model's weights",
    needs: ["read", "write"],
    uses: BACKEND,
    load: () => import("./commands/model/merge.ts"),
  },
  {
    name: "model export",
    summary: "Write a model as an ONNX graph for other runtimes",
    needs: ["read", "write"],
    uses: BACKEND,
    load: () => import("./commands/model/export.ts"),
  },
  {
    name: "doctor",
    summary: "Show which backends work here and which one is chosen",
    needs: [],
    uses: ["read", ...BACKEND],
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "setup",
    summary: "Install the TensorFlow backend; a small model and MPI if wanted",
    needs: ["read", "write", "env", "run", "ffi"],
    uses: ["sys"],
    load: () => import("./commands/setup.ts"),
  },
  {
    name: "weights show",
    summary: "Show weight files side by side",
    needs: ["read"],
    load: () => import("./commands/weights/show.ts"),
  },
  {
    name: "weights select",
    summary: "Write a weight file of the heaviest tasks alone",
    needs: ["read", "write"],
    load: () => import("./commands/weights/select.ts"),
  },
  {
    name: "weights replay",
    summary: "Learn weights from a log of losses that any trainer wrote",
    needs: ["read"],
    uses: ["write"],
    load: () => import("./commands/weights/replay.ts"),
  },
  {
    name: "weights fit",
    summary: "Fit weights to many small runs on different mixtures (Olmix)",
    needs: ["read", "write"],
    load: () => import("./commands/weights/fit.ts"),
  },
  {
    name: "weights explain",
    summary: "Explain why each weight of a run rose or fell",
    needs: ["read"],
    uses: ["write"],
    load: () => import("./commands/weights/explain.ts"),
  },
  {
    name: "eval diff",
    summary: "Explain why two evaluations differ, query by query",
    needs: ["read"],
    load: () => import("./commands/eval/diff.ts"),
  },
  {
    name: "eval pool",
    summary:
      "Make a pool: fixed parts of the tasks that are cheap to evaluate on",
    needs: ["read", "write"],
    uses: ["net", ...BACKEND],
    load: () => import("./commands/eval/pool.ts"),
  },
  {
    name: "eval",
    summary: "Evaluate a model, BM25, or both on the tasks of a suite",
    needs: ["read"],
    uses: ["write", "net", ...BACKEND],
    load: () => import("./commands/eval/eval.ts"),
  },
  {
    name: "embed",
    summary: "Write the vectors of a suite's passages to files or a database",
    needs: ["read", "write"],
    uses: ["net", ...BACKEND],
    load: () => import("./commands/embed.ts"),
  },
  {
    name: "search",
    summary: "Search the passages of a suite for a text",
    needs: ["read"],
    uses: ["write", "net", ...BACKEND],
    load: () => import("./commands/search.ts"),
  },
  {
    name: "score",
    summary: "Compute metrics of a run from its relevance judgments",
    needs: ["read"],
    load: () => import("./commands/eval/score.ts"),
  },
  {
    name: "data docs-suite",
    summary: "Build the docs suite from documentation on this machine",
    needs: ["read", "write", "env", "run"],
    load: () => import("./commands/data/docs_suite.ts"),
  },
  {
    name: "data list",
    summary: "List public training sets and benchmarks that can be pulled",
    needs: [],
    load: () => import("./commands/data/list.ts"),
  },
  {
    name: "data pull",
    summary: "Download public training sets and benchmarks as task folders",
    needs: ["net", "read", "write", "env"],
    load: () => import("./commands/data/pull.ts"),
  },
  {
    name: "data import",
    summary: "Turn a table of pairs or triples into a task or a suite",
    needs: ["read", "write"],
    load: () => import("./commands/data/import.ts"),
  },
  {
    name: "data check",
    summary: "Check a suite in BEIR form and count what is in it",
    needs: ["read"],
    load: () => import("./commands/data/check.ts"),
  },
  {
    name: "data clean",
    summary: "Remove training queries that are near-duplicates of test queries",
    needs: ["read"],
    uses: ["write"],
    load: () => import("./commands/data/clean.ts"),
  },
  {
    name: "data audit",
    summary: "Find mined negatives that a stronger model considers answers",
    needs: ["read"],
    uses: ["write", "net", ...BACKEND],
    load: () => import("./commands/data/audit.ts"),
  },
  {
    name: "mine",
    summary: "Mine hard negatives by BM25, by a model, or by both",
    needs: ["read"],
    uses: ["write", "net", ...BACKEND],
    load: () => import("./commands/mine.ts"),
  },
  {
    name: "llm judge",
    summary: "Have a language model find answers among mined negatives",
    needs: ["read"],
    uses: ["write", "net", "env", "sys"],
    load: () => import("./commands/llm/judge.ts"),
  },
  {
    name: "llm queries",
    summary: "Have a language model write training queries for passages",
    needs: ["read"],
    uses: ["write", "net", ...BACKEND],
    load: () => import("./commands/llm/queries.ts"),
  },
  {
    name: "llm negatives",
    summary: "Have a language model write hard negatives",
    needs: ["read"],
    uses: ["write", "net", ...BACKEND],
    load: () => import("./commands/llm/negatives.ts"),
  },
  {
    name: "llm passages",
    summary: "Have a language model write passages of four grades",
    needs: ["read"],
    uses: ["write", "net", ...BACKEND],
    load: () => import("./commands/llm/passages.ts"),
  },
  {
    name: "llm compare",
    summary: "Compare kinds of hard negatives by training on each",
    needs: ["read", "write"],
    uses: ["net", ...BACKEND],
    load: () => import("./commands/llm/compare.ts"),
  },
  {
    name: "completion",
    summary: "Print a completion script for a shell",
    needs: [],
    load: () => import("./commands/completion.ts"),
  },
  {
    name: "version",
    summary: "Show the version",
    needs: [],
    load: () => import("./commands/version.ts"),
  },
];
