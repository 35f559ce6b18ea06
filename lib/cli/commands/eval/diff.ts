import { z } from "zod";
import type { ReportComparison } from "../../../eval/mod.ts";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";

/** Options of `tdro eval diff`. */
export interface EvalDiffOptions {
  /** First report. */
  a: string;
  /** Second report. */
  b: string;
  /** The metric. */
  metric?: string;
  /** Queries to list of each task. */
  movers: number;
  /** Suite that the queries' texts are taken from. */
  suite?: string;
  /** Seed of the randomisation test. */
  seed: number;
}

/** `tdro eval diff`. */
export const command: Command<EvalDiffOptions> = {
  name: "eval diff",
  summary: "Say why two evaluations differ, query by query",
  details:
    "Shows the settings that differ and what each can do to the numbers; for each task the queries won, lost and tied, the 95 % interval of the difference, a paired t-test (adjusted by Holm for all tasks) and a paired randomisation test; and the queries that changed most. A file with several reports, as tdro run writes, needs the name of one: eval.json#uniform.",
  examples: [
    { about: "Two records", line: "tdro eval diff bm25.json minilm.json" },
    {
      about: "Two arms of a run, with the texts of the queries",
      line:
        "tdro eval diff runs/demo/eval.json#uniform runs/demo/eval.json#reweighted --suite suites/docs",
    },
  ],
  operands: ["a", "b"],
  options: z.strictObject({
    a: z.string().meta({ placeholder: "FILE" }).describe("First record"),
    b: z.string().meta({ placeholder: "FILE" }).describe("Second record"),
    metric: z.string().optional().meta({ placeholder: "METRIC" }).describe(
      "Metric to compare; default: the first that both have",
    ),
    movers: z.int().min(0).default(5).describe(
      "Queries to list of each task, those that changed most",
    ),
    suite: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Suite whose queries' texts are shown",
    ),
    seed: z.int().min(0).default(42).describe(
      "Seed of the randomisation test",
    ),
  }),
  async run({ a, b, metric, movers, suite, seed }, io) {
    const { compareReports, readReport } = await import("../../../eval/mod.ts");
    const { createRng } = await import("../../../sampling/mod.ts");
    const comparison = compareReports(
      await readReport(a),
      await readReport(b),
      {
        metric,
        movers,
        rng: createRng(seed, "eval diff"),
      },
    );
    const text = await comparisonText(
      comparison,
      suite === undefined ? undefined : await textsOf(suite, comparison),
    );
    io.result(comparison, () => text);
  },
};

/** Task → query id → text. */
type Texts = Map<string, Map<string, string>>;

async function textsOf(
  folder: string,
  { tasks }: ReportComparison,
): Promise<Texts> {
  const { openSuite } = await import("../../../data/mod.ts");
  const suite = await openSuite(folder, {
    tasks: tasks.map(({ task }) => task),
  });
  return new Map(suite.tasks.map(({ name, queries }) => [
    name,
    new Map(Array.from(queries.values(), ({ id, text }) => [id, text])),
  ]));
}

async function comparisonText(
  comparison: ReportComparison,
  texts: Texts | undefined,
): Promise<string> {
  const { textTable } = await import("../../../report/tables/text_table.ts");
  const { metric, mean, settings, tasks, onlyA, onlyB } = comparison;
  const all = (rows: readonly unknown[]) => ({
    maxRows: rows.length,
    footRows: 0,
  });
  const changes = tasks.map((task) => ({
    task: task.task,
    a: task.a,
    b: task.b,
    Diff: task.difference,
    "95 %": Number.isNaN(task.interval[0])
      ? "–"
      : task.interval.map((end) => end.toFixed(3)).join(" to "),
    queries: task.queries,
    won: task.wins,
    lost: task.losses,
    tied: task.ties,
    "p, Holm": task.adjustedP,
    "p, random.": task.randomizationP,
  }));
  const moved = tasks.flatMap(({ task, movers }) =>
    movers.map(({ query, a, b }) => {
      // Without a suite the table has no column of texts.
      const which = texts
        ? { task, query, text: texts.get(task)?.get(query) ?? "" }
        : { task, query };
      return { ...which, a, b, Diff: b - a };
    })
  );
  const lines = [
    line`${metric}: a ${mean.a.toFixed(4)}, b ${mean.b.toFixed(4)}`,
    "",
    settings.length === 0 ? "No recorded setting differs." : textTable(
      settings.map(({ setting, a, b, effect }) => ({
        setting,
        a: shown(a),
        b: shown(b),
        effect,
      })),
      { ...all(settings), maxChars: 40 },
    ),
    "",
    textTable(changes, { digits: 4, ...all(changes) }),
  ];
  if (moved.length > 0) {
    lines.push("", textTable(moved, { digits: 4, ...all(moved) }));
  }
  for (const { task, onlyA, onlyB } of tasks) {
    if (onlyA + onlyB === 0) continue;
    lines.push(
      line`${task}: ${onlyA} queries only in a, ${onlyB} only in b, left out`,
    );
  }
  if (onlyA.length > 0) lines.push(line`Only in a: ${onlyA.join(", ")}`);
  if (onlyB.length > 0) lines.push(line`Only in b: ${onlyB.join(", ")}`);
  return lines.join("\n");
}

/** A setting's value in few characters; hashes by their beginning. */
function shown(value: unknown): string {
  if (value === undefined) return "not recorded";
  const text = String(value);
  if (text === "") return "(none)";
  return /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 12)}…` : text;
}
