import type { EvalReport } from "../../eval/mod.ts";

/** What the head of a card says to a hub. */
export interface FrontMatterInput {
  /** Name of the model. */
  name: string;
  /** Languages of the tasks, each once. */
  languages: readonly string[];
  /** Name on a hub of the model it started from. */
  base?: string | undefined;
  /** What it scored. */
  report?: EvalReport | undefined;
}

/** The head of a card, as hubs read it: YAML between two lines of dashes. */
export function frontMatter(
  { name, languages, base, report }: FrontMatterInput,
): string {
  const lines = [
    "library_name: sentence-transformers",
    "pipeline_tag: sentence-similarity",
    "tags:",
    ...["sentence-transformers", "dense-retrieval", "tdro"].map(item),
    ...languages.length > 0 ? ["language:", ...languages.map(quotedItem)] : [],
    ...base === undefined ? [] : [`base_model: ${quoted(base)}`],
    ...report ? ["model-index:", ...results(name, report)] : [],
  ];
  return ["---", ...lines, "---"].join("\n");
}

/** The scores, in the form that hubs show beside a model. */
function results(name: string, { tasks, settings }: EvalReport): string[] {
  return [
    `- name: ${quoted(name)}`,
    "  results:",
    ...tasks.flatMap(({ task, mean }) => [
      "  - task:",
      "      type: information-retrieval",
      "      name: Information Retrieval",
      "    dataset:",
      `      name: ${quoted(task)}`,
      `      type: ${quoted(task)}`,
      `      split: ${settings.split}`,
      "    metrics:",
      ...Object.entries(mean).flatMap(([metric, value]) => [
        `    - type: ${metric.toLowerCase().replace("@", "_at_")}`,
        `      name: ${quoted(metric)}`,
        `      value: ${value.toFixed(5)}`,
      ]),
    ]),
  ];
}

function item(text: string): string {
  return `- ${text}`;
}

/** Quoted, as `no` is Norwegian here and no truth value. */
function quotedItem(text: string): string {
  return item(quoted(text));
}

/** A text in double quotes: JSON's are YAML's too. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
