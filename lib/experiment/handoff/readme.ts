import type { BaseModel } from "./base_model.ts";
import type { HandOffTarget } from "./hand_off.ts";
import type { Project } from "./project.ts";
import type { HandOffSource } from "./source.ts";

/** What the page of a project tells. */
export interface ReadmeInput extends Project {
  /** The run. */
  source: HandOffSource;
  /** What it was made for. */
  to: HandOffTarget;
  /** The base model. */
  model: BaseModel;
  /** What should be looked at, a sentence each. */
  warnings: string[];
}

/** What the targets call themselves. */
const TRAINERS: Readonly<Record<HandOffTarget, string>> = {
  "sentence-transformers": "sentence-transformers",
  tdro: "the tDRO repository",
  automodel: "NeMo Automodel",
  tevatron: "Tevatron",
};

/** The page of a project. */
export function readme(
  { source, to, model, commands, differences, warnings }: ReadmeInput,
): string {
  const { name, suite, options, weights, rows, weightsAbout } = source;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const base = model.isCopied
    ? "a copy of the run's base model in `model`"
    : `\`${model.name}\``;
  return [
    `# ${plain(name)} for ${TRAINERS[to]}`,
    `Written by \`tdro handoff\` from the run ${plain(name)} on the suite ${
      plain(suite.name)
    }: ${options.steps} updates of ${options.batchSize} queries with ${options.passages} passages each, from ${base}.`,
    ...warnings.length > 0 ? ["## Check first", list(warnings)] : [],
    "## How to run it",
    "```sh\n" +
    commands.map(({ about, line }) => `# ${about}\n${line}\n`).join("") +
    "```",
    "## What differs from tdro",
    list(differences),
    "## Mixture",
    weightsAbout,
    [
      "| task | training queries | share of the batches |",
      "| :--- | ---: | ---: |",
      ...suite.tasks.map(({ name }, k) =>
        `| ${plain(name)} | ${rows[k]!.length} | ${
          (weights[k]! / total).toFixed(4)
        } |`
      ),
    ].join("\n"),
  ].join("\n\n") + "\n";
}

function list(sentences: readonly string[]): string {
  return sentences.map((sentence) => `- ${sentence}`).join("\n");
}

/** Without what Markdown, or a terminal, would take for its own. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replaceAll(/[\\`*_{}[\]<>()#+!|~&]/g, "\\$&");
}
