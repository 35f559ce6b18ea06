import { z } from "zod";
import type { ReportComparison } from "../../../eval/mod.ts";
import type { Command } from "../../command.ts";
import { line, printable } from "../../../base/printable.ts";
import { glossary } from "../../help/style.ts";
import type { CommandIo } from "../../io.ts";
import { tablesFor } from "../tables.ts";

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
  summary: "Explain why two evaluations differ, query by query",
  details:
    "Compares the tasks that both have. Shows the settings that differ and what each can do to the numbers; for each task the queries won, lost and tied, the 95 % interval of the difference, a paired t-test (adjusted by Holm for all tasks) and a paired randomisation test; and the queries that changed most. A run's folder is a record too; one with several needs the name of one: runs/demo#uniform.",
  examples: [
    { about: "Two records", line: "tdro eval diff bm25.json minilm.json" },
    {
      about: "Two arms of a run, with the texts of the queries",
      line:
        "tdro eval diff runs/demo#uniform runs/demo#reweighted --suite suites/docs",
    },
  ],
  operands: ["a", "b"],
  options: z.strictObject({
    a: z.string().meta({ placeholder: "FILE" }).describe(
      "First record, or the folder of a run",
    ),
    b: z.string().meta({ placeholder: "FILE" }).describe(
      "Second record, or the folder of a run",
    ),
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
      io,
    );
    io.result(comparison, () => text);
  },
};

/** Values and differences compare at a glance, also where all of them are whole. */
const LOOK = {
  columnDigits: { a: 4, b: 4, Diff: 4, low: 4, high: 4 },
  footRows: 0,
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

/** What the command prints: the parts that there is something to say in. */
async function comparisonText(
  comparison: ReportComparison,
  texts: Texts | undefined,
  io: CommandIo,
): Promise<string> {
  const draw = await tablesFor(io);
  const tables = [changes(comparison), movers(comparison, texts)];
  return [
    means(comparison),
    settingsText(comparison, io.columns),
    ...tables.filter((rows) => rows.length > 0)
      .map((rows) => draw(rows, LOOK)),
    leftOut(comparison),
  ].filter((part) => part !== "").join("\n\n");
}

function means({ metric, mean, tasks, ...rest }: ReportComparison): string {
  const whole = rest.onlyA.length + rest.onlyB.length === 0;
  const over = tasks.length === 1
    ? whole ? "" : " of the task that both have"
    : `, mean over the ${tasks.length} tasks${whole ? "" : " that both have"}`;
  return line`${metric}${over}: a ${mean.a.toFixed(4)}, b ${mean.b.toFixed(4)}`;
}

/** The settings with their values and what they do, as long as that takes. */
function settingsText(
  { settings }: ReportComparison,
  columns: number,
): string {
  if (settings.length === 0) return "No recorded setting differs.";
  const rows = settings.map(({ setting, a, b, effect }) =>
    [
      printable(setting),
      line`a ${shown(a)}, b ${shown(b)}: ${effect}`,
    ] as const
  );
  return `Settings that differ:\n${glossary(rows, columns)}`;
}

function changes({ tasks }: ReportComparison) {
  return tasks.map((task) => ({
    task: task.task,
    a: task.a,
    b: task.b,
    Diff: task.difference,
    low: finite(task.interval[0]),
    high: finite(task.interval[1]),
    queries: task.queries,
    won: task.wins,
    lost: task.losses,
    tied: task.ties,
    pHolm: task.adjustedP,
    "p (random.)": task.randomizationP,
  }));
}

/** Of a single query there is no interval. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function movers({ tasks }: ReportComparison, texts: Texts | undefined) {
  return tasks.flatMap(({ task, movers }) =>
    movers.map(({ query, a, b }) => {
      // Without a suite the table has no column of texts.
      const which = texts
        ? { task, query, text: texts.get(task)?.get(query) ?? "" }
        : { task, query };
      return { ...which, a, b, Diff: b - a };
    })
  );
}

/** What one side alone has, and what therefore counts on neither. */
function leftOut({ tasks, onlyA, onlyB }: ReportComparison): string {
  const lines = tasks.filter(({ onlyA, onlyB }) => onlyA + onlyB > 0).map((
    { task, onlyA, onlyB },
  ) => line`${task}: ${onlyA} queries only in a, ${onlyB} only in b, left out`);
  for (const [side, names] of [["a", onlyA], ["b", onlyB]] as const) {
    if (names.length === 0) continue;
    lines.push(line`Only in ${side}, left out: ${names.join(", ")}`);
  }
  return lines.join("\n");
}

/** A setting's value in few characters; hashes by their beginning. */
function shown(value: unknown): string {
  if (value === undefined) return "not recorded";
  const text = String(value);
  if (text === "") return "(none)";
  return /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 12)}…` : text;
}
