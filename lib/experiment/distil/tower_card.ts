import { join } from "node:path";
import { writeWhole } from "../../base/files/write_whole.ts";
import type { EvalReport } from "../../eval/mod.ts";
import { modelInfo } from "../../model/mod.ts";
import { markdownTable } from "../../report/mod.ts";
import { frontMatter } from "../card/front_matter.ts";
import { plain } from "../card/model_card.ts";
import { scoreRows } from "../card/score_rows.ts";
import type { ArmRecord } from "../stages/arm_record.ts";
import type { StageInput } from "../stages/stage_input.ts";
import type { Teacher } from "./teacher.ts";

/** What a query tower's card is written from. */
export interface TowerCardInput extends Pick<StageInput, "options" | "suite"> {
  /** Name of the tower. */
  name: string;
  /** How it was trained. */
  arm: ArmRecord;
  /** What it was distilled from. */
  teacher: Teacher;
  /** Where it started. */
  student: string;
  /** What it scored, once that is known. */
  report?: EvalReport;
}

/** Writes the card of a query tower and its teacher into their folder. */
export async function towerCard(
  folder: string,
  { name, suite, options, arm, teacher, student, report }: TowerCardInput,
): Promise<void> {
  const { layers, parameters, passages } = await modelInfo(folder);
  const languages = suite.tasks.flatMap(({ language }) => language)
    .map((tag) => tag.split("-")[0]!).filter((tag) => tag !== "");
  const { prompts } = teacher.encoding;
  const task = JSON.stringify(
    prompts === "task" ? suite.tasks[0]!.name : "query",
  );
  const rows = suite.tasks.map(({ name: task, license, source }, k) => ({
    task,
    texts: arm.sizes[k]!,
    drawn: arm.drawn[k]!,
    licence: license,
    source,
  }));
  const text = [
    frontMatter({
      name: `${suite.name} ${name}`,
      languages: [...new Set(languages)].sort(),
      base: undefined,
      report,
    }),
    `# ${plain(suite.name)}, ${plain(name)}`,
    `A fast query tower (${layers} layers, ${
      parameters.toLocaleString("en")
    } parameters) beside the model that it was distilled from (${
      passages!.layers
    } layers, ${
      passages!.parameters.toLocaleString("en")
    } parameters), which encodes passages: an index of that model stays as it is. The tower started from ${
      student.startsWith("layers:")
        ? `the teacher's layers (${student})`
        : student === "scratch"
        ? "random numbers"
        : "another model"
    }. ${arm.about}`,
    "## How to load it",
    `With sentence-transformers from version 5 on${
      prompts === "task" ? "; queries carry the prompt of their task" : ""
    }:`,
    [
      "```python",
      "from sentence_transformers import SentenceTransformer",
      "",
      'model = SentenceTransformer("MODEL")',
      prompts === "task"
        ? `queries = model.encode_query(["a query"], prompt_name=${task})`
        : 'queries = model.encode_query(["a query"])',
      'passages = model.encode_document(["a passage", "another passage"])',
      "print(model.similarity(queries, passages))",
      "```",
    ].join("\n"),
    "With tdro, `openRetriever(MODEL)` searches with both, as `tdro search --model MODEL` does.",
    "## Data",
    markdownTable(rows, { maxChars: 1000, footRows: 0 }),
    "## Scores",
    ...report
      ? [
        `On the ${report.settings.split} split of each task, by exact search over the teacher's vectors of ${
          report.settings.pool ? "a pool of its passages" : "its whole corpus"
        }. The intervals tell the spread over test queries, not over seeds.`,
        markdownTable(scoreRows(report, options.seed), {
          digits: 4,
          footRows: 1,
        }),
      ]
      : ["The model was not evaluated."],
  ].join("\n\n");
  await writeWhole(join(folder, "README.md"), `${text}\n`);
}
