import type { TaskInfo } from "../../data/mod.ts";
import type { EvalReport } from "../../eval/mod.ts";
import type { ModelInfo, ModulesConfig } from "../../model/mod.ts";
import { markdownTable } from "../../report/mod.ts";
import { peakRate } from "../experiment_options.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import { keptSentence } from "../dev/kept_step.ts";
import type { ArmRecord } from "../stages/arm_record.ts";
import { versions } from "../versions.ts";
import { frontMatter } from "./front_matter.ts";
import {
  sentenceTransformersCode,
  tdroCode,
  transformersCode,
} from "./load_code.ts";
import { scoreRows } from "./score_rows.ts";

/** Everything that a card tells. */
export interface ModelCardInput {
  /** Name of the arm. */
  name: string;
  /** What it was trained on. */
  suite: { name: string; tasks: readonly TaskInfo[] };
  /** Settings of the run. */
  options: SettledOptions;
  /** The mixture. */
  arm: ArmRecord;
  /** What the model's files say. */
  modules: ModulesConfig;
  /** Sizes of the model. */
  info: ModelInfo;
  /** Name on a hub of the model it started from. */
  base?: string | undefined;
  /** What it scored, once that is known. */
  report?: EvalReport | undefined;
}

/** The text of a model's `README.md`: what hubs and people want to know of it. */
export function modelCard(input: ModelCardInput): string {
  const { name, suite, base, report } = input;
  const languages = suite.tasks.flatMap(({ language }) => language)
    .map((tag) => tag.split("-")[0]!); // hubs know no regions
  return [
    frontMatter({
      name: `${suite.name} ${name}`,
      languages: [...new Set(languages)].filter((tag) => tag !== "").sort(),
      base,
      report,
    }),
    `# ${plain(suite.name)}, ${plain(name)}`,
    what(input),
    "## How to load it",
    ...howToLoad(input),
    "## Data and mixture",
    ...data(input),
    "## Training",
    training(input),
    "## Scores",
    ...scores(input),
    "## Files",
    "The folder has the layout of sentence-transformers. `checksums.json` holds the SHA-256 of every other file but this one.",
    "## Citation",
    citation(),
  ].join("\n\n") + "\n";
}

function what({ suite, info, modules, options, base }: ModelCardInput): string {
  const start = base
    ? `Started from ${plain(base)}`
    : options.model
    ? "Fine-tuned from a model folder"
    : "Trained from scratch";
  const size = info.parameters.toLocaleString("en");
  const width = info.dimension;
  const score = modules.normalize || modules.similarity === "cosine"
    ? "cosine similarity"
    : "dot product";
  return `A dense retriever: queries and passages become vectors of ${width} numbers, and the passages with the highest ${score} answer a query. ${start} (${info.family}, ${size} parameters), on ${suite.tasks.length} tasks.`;
}

function howToLoad({ modules, info, suite, options }: ModelCardInput) {
  const prompt = Object.hasOwn(modules.prompts ?? {}, "query")
    ? "query"
    : suite.tasks[0]!.name;
  const code = { modules, prompt, maxLength: info.maxLength };
  const transformers = transformersCode(code);
  return [
    "`MODEL` stands for this folder, or its name on a hub. Queries carry the prompt of their task, which has the task's name; passages carry none." +
    ` Training cut queries, with their prompts, at ${options.queryLength} tokens and passages at ${options.passageLength}.`,
    ...info.adapter
      ? [
        "The folder holds the frozen model and, in `adapter/`, a LoRA adapter in PEFT's format. tdro loads both; for the others make one model of them first, and load that:",
        "```sh\ntdro model merge MODEL --out merged\n```",
      ]
      : [],
    "With sentence-transformers:",
    sentenceTransformersCode(code),
    ...transformers ? ["With transformers:", transformers] : [],
    "With tdro, in Deno:",
    tdroCode(code),
  ];
}

function data({ suite, arm }: ModelCardInput): string[] {
  const total = arm.weights.reduce((sum, weight) => sum + weight, 0);
  const rows = suite.tasks.map((task, k) => ({
    task: task.name,
    share: arm.weights[k]! / total,
    rows: arm.sizes[k]!,
    drawn: arm.drawn[k]!,
    language: [task.language].flat().join(", "),
    licence: task.license,
    source: task.source,
  }));
  return [
    `${arm.about} \`share\` is the probability that a batch is of the task, \`rows\` are its training rows, and \`drawn\` counts those that training drew, repetitions included.`,
    markdownTable(rows, { digits: 4, maxChars: 1000, footRows: 0 }),
    "This card gives the model no licence. Who publishes it chooses one that the licences of the data and of the start allow, and adds it to the head of this file.",
  ];
}

/** At which lengths the loss was taken, if not at the whole alone. */
function cutLengths(options: ModelCardInput["options"]): string {
  const { matryoshka, matryoshkaWeights } = options;
  if (!matryoshka) return "";
  const weights = matryoshkaWeights
    ? `, weighted ${matryoshkaWeights.join(", ")}`
    : "";
  return `; the sum of that of whole vectors and of the first ${
    matryoshka.join(", ")
  } components${weights} (Matryoshka)`;
}

function training({ options, arm: { dev } }: ModelCardInput): string {
  const { passages } = options;
  const others = passages === 1
    ? "no hard negative"
    : passages === 2
    ? "one hard negative"
    : `${passages - 1} hard negatives`;
  const rows = {
    loss:
      `InfoNCE over the positive, ${others} and the other passages of the batch; scores divided by ${options.temperature}${
        cutLengths(options)
      }`,
    batches: `${
      dev?.step ?? options.steps
    } of ${options.batchSize} queries, each of one task`,
    ...dev && { "model kept": keptSentence("Rule", dev) },
    "learning rate": `${peakRate(options)} at most; ${
      percent(options.warmup)
    } warm-up, then cosine to a tenth`,
    optimiser: `AdamW, weight decay ${options.weightDecay}`,
    dropout: options.hiddenDropout,
    precision: options.precision,
    seed: options.seed,
    versions: Object.entries(versions()).map((pair) => pair.join(" "))
      .join(", "),
  };
  return markdownTable(
    Object.entries(rows).map(([setting, value]) => ({
      setting,
      value: String(value),
    })),
    { footRows: 0 },
  );
}

function scores({ report, options }: ModelCardInput): string[] {
  if (!report) return ["The model was not evaluated."];
  return [
    `On the ${report.settings.split} split of each task, by exact search over its whole corpus. The intervals tell the spread over test queries (percentile bootstrap), not over seeds.`,
    markdownTable(scoreRows(report, options.seed), { digits: 4, footRows: 1 }),
  ];
}

function citation(): string {
  return `The mixture's method:

\`\`\`bibtex
@inproceedings{ma2025tdro,
  title     = {Task-level Distributionally Robust Optimization for Large Language Model-based Dense Retrieval},
  author    = {Ma, Guangyuan and Ma, Yongliang and Wu, Xing and Su, Zhenpeng and Zhou, Ming and Hu, Songlin},
  booktitle = {Proceedings of the AAAI Conference on Artificial Intelligence},
  year      = {2025},
  doi       = {10.1609/aaai.v39i23.34657},
  eprint    = {2408.10613},
  archivePrefix = {arXiv}
}
\`\`\``;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

/** A name within a line of Markdown. */
export function plain(name: string): string {
  return name.replace(/[\\`*_[\]<>~|&]/g, "\\$&");
}
