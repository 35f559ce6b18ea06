/** One run of a swarm: a mixture, and what came of it. */
export interface SwarmRun {
  /** Its id, different for each. */
  run: string;
  /** Its name. */
  name: string;
  /** Sampling weights, shape `[K]`, sum 1. */
  ratios: number[];
  /** Metrics, shape `[metrics]`; NaN where one is missing. */
  metrics: number[];
}

/** Many small runs on different mixtures, as Olmix and RegMix keep them. */
export interface Swarm {
  /** Names of what is mixed, shape `[K]`. */
  domains: string[];
  /** Names of the metrics. */
  metrics: string[];
  /** The runs. */
  runs: SwarmRun[];
}

/** A swarm from its two files. */
export interface ParsedSwarm extends Swarm {
  /** Ids of runs that only one of the files has, which are left out. */
  unmatched: string[];
}

/** Columns that identify a run; the first that is there counts. RegMix has the last. */
const IDS = ["run", "run_id", "index"];

/** How far the sum of a row of ratios may be from 1: RegMix's are rounded. */
const SUM_ERROR = 0.01;

/**
 * The two files of Olmix's `swarm`: `run,name,index`, then a column for each domain or
 * metric.
 *
 * @param swarm The runs.
 * @returns Text of `ratios.csv` and `metrics.csv`.
 *
 * @example Usage
 * ```ts
 * import { formatSwarm, parseSwarm } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const swarm = {
 *   domains: ["faq", "code"],
 *   metrics: ["loss"],
 *   runs: [{ run: "a1", name: "first", ratios: [0.25, 0.75], metrics: [1.5] }],
 * };
 * const { ratios, metrics } = formatSwarm(swarm);
 * assert.equal(ratios, "run,name,index,faq,code\na1,first,0,0.25,0.75\n");
 * assert.deepEqual(parseSwarm({ ratios, metrics }), { ...swarm, unmatched: [] });
 * ```
 */
export function formatSwarm(
  { domains, metrics, runs }: Swarm,
): { ratios: string; metrics: string } {
  const file = (columns: string[], of: (run: SwarmRun) => number[]) =>
    [
      ["run", "name", "index", ...columns],
      ...runs.map((run, i) => [
        run.run,
        run.name,
        `${i}`,
        ...of(run).map((value) => Number.isNaN(value) ? "" : `${value}`),
      ]),
    ].map((cells) => cells.map(quoted).join(",") + "\n").join("");
  return {
    ratios: file(domains, (run) => run.ratios),
    metrics: file(metrics, (run) => run.metrics),
  };
}

/**
 * Reads a swarm from its two files: those of Olmix, which have a column `run` or
 * `run_id`, or those of RegMix, which have `index` instead. Columns `name`, `index` and
 * unnamed ones are no domains and no metrics.
 *
 * @param files Text of the file of ratios and of the file of metrics.
 * @returns The runs that are in both, in the order of the ratios.
 * @throws {SyntaxError} If a file isn't such a table; the message names the line.
 */
export function parseSwarm(
  files: { ratios: string; metrics: string },
): ParsedSwarm {
  const ratios = readFile(files.ratios, "ratios");
  const metrics = readFile(files.metrics, "metrics");
  ratios.rows.forEach(({ id, values, line }) => {
    const sum = values.reduce((a, b) => a + b, 0);
    if (values.every((v) => v >= 0) && Math.abs(sum - 1) <= SUM_ERROR) return;
    fail(
      `line ${line} of the ratios: those of run ${id} must be >= 0 and sum to 1: got a sum of ${sum}`,
    );
  });
  const measured = new Map(metrics.rows.map((row) => [row.id, row]));
  const known = new Set(ratios.rows.map(({ id }) => id));
  return {
    domains: ratios.columns,
    metrics: metrics.columns,
    runs: ratios.rows.flatMap(({ id, name, values }) => {
      const own = measured.get(id);
      if (!own) return [];
      const sum = values.reduce((a, b) => a + b, 0);
      return [{
        run: id,
        name,
        ratios: values.map((value) => value / sum),
        metrics: own.values,
      }];
    }),
    unmatched: [
      ...ratios.rows.filter(({ id }) => !measured.has(id)),
      ...metrics.rows.filter(({ id }) => !known.has(id)),
    ].map(({ id }) => id),
  };
}

/** A file as numbers by run. */
function readFile(text: string, what: "ratios" | "metrics") {
  const [header, ...lines] = cellsOf(text, what);
  if (!header) fail(`the file of ${what} is empty`);
  const idColumn = IDS.map((name) => header.indexOf(name)).find((at) =>
    at >= 0
  );
  if (idColumn === undefined) {
    fail(
      `the file of ${what} must have a column run, run_id or index: got ${
        header.join(", ")
      }`,
    );
  }
  const nameColumn = header.indexOf("name");
  const places = header.flatMap((name, at) =>
    IDS.includes(name) || name === "name" || name === "" ||
      name.startsWith("Unnamed")
      ? []
      : [at]
  );
  const seen = new Set<string>();
  const rows = lines.map((cells, i) => {
    const line = i + 2;
    if (cells.length !== header.length) {
      fail(
        `line ${line} of the ${what} must have ${header.length} cells: got ${cells.length}`,
      );
    }
    const id = cells[idColumn]!;
    if (seen.has(id)) {
      fail(`line ${line} of the ${what}: run ${id} comes twice`);
    }
    seen.add(id);
    const values = places.map((at) => {
      const value = cells[at]!.trim() === "" ? NaN : Number(cells[at]);
      // A metric may be missing, a ratio may not.
      if (Number.isFinite(value) || what === "metrics") return value;
      return fail(
        `line ${line} of the ${what}: ${header[at]} must be a number: got ${
          JSON.stringify(cells[at])
        }`,
      );
    });
    return { id, name: nameColumn < 0 ? id : cells[nameColumn]!, values, line };
  });
  return { columns: places.map((at) => header[at]!), rows };
}

/** Cells of each line of a CSV file; quotes as in RFC 4180. */
function cellsOf(text: string, what: string): string[][] {
  const body = text.replace(/^\uFEFF/, "");
  const lines: string[][] = [];
  let cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (cell.lastIndex < body.length) {
    const at = cell.lastIndex;
    const match = cell.exec(body);
    if (!match) {
      fail(`line ${lines.length + 1} of the ${what} has a quote out of place`);
    }
    const [, inQuotes, plain, end] = match;
    cells.push(inQuotes?.replaceAll('""', '"') ?? plain!);
    if (end !== ",") {
      if (cells.length > 1 || cells[0] !== "") lines.push(cells);
      cells = [];
    }
    if (cell.lastIndex === at) break;
  }
  return lines;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function fail(reason: string): never {
  throw new SyntaxError(`Cannot read a swarm: ${reason}`);
}
