import { z } from "zod";
import file from "../../../data/catalogue.json" with { type: "json" };
import { nearest } from "../../base/nearest_names.ts";
import { describeIssue } from "../../base/describe_issue.ts";

/** Files of one data set on the hub. */
export interface CatalogueSource {
  /** Name of the data set on the hub. */
  dataset: string;
  /**
   * Its files; `*` stands for any part of a name, `{language}` for each language
   * that is wanted. Those without `*` must be there; of the others, at least one.
   */
  files: string[];
  /** Folder to put them into, within that of the row. @default {""} */
  to?: string;
}

/** A public data set: where it is, what it is, how it is read. */
export interface CatalogueRow {
  /** Name, e.g. `"beir/scifact"`; what `tdro data pull` takes. */
  name: string;
  /** Whether the paper trains on it, or it measures. */
  kind: "training" | "benchmark";
  /** Name of the task in weight files and reports. */
  task: string;
  /** What it holds, one line. */
  about: string;
  /** The benchmark that it is part of. */
  benchmark?: string;
  /** Tasks of one group count as one in the benchmark's mean. */
  group?: string;
  /** Kind of training data, in our words. */
  category?: string;
  /** BCP 47 tags of the text. */
  languages: string[];
  /** How the files call languages, where not by their tags. */
  languageNames?: Record<string, string>;
  /** Licence as its source states it, and who says so; `"see source"` if unknown. */
  license: string;
  /** Where its makers tell about it. */
  homepage?: string;
  /** Where its files are; empty if they have to be got by hand. */
  sources: CatalogueSource[];
  /** Branch, tag or commit of the sources. @default {"main"} */
  revision?: string;
  /** Whether the files' names were seen in a public listing. */
  checked: boolean;
  /** Form of the files. */
  format: string;
  /** Function of this module that reads them; `null` if there is none. */
  loader: string | null;
  /** Columns, where the loader needs them named. */
  columns?: { query: string; passage: string };
  /** The split that counts. */
  split?: string;
  /** Whether passages with the query's id are left out (spec section 16). */
  ignoreIdenticalIds?: boolean;
  /** Instructions. */
  prompt: {
    /** Instruction before the query; with several, one is drawn for each. */
    query: string[];
    /** Whether passages get one too (symmetric tasks, in training). */
    passage: "same" | "none";
    /** Whether the words are those of the reference, or ours of the same meaning. */
    wording: "reference" | "ours";
  };
  /** Counts as published, some of them rounded there. */
  sizes?: { lines?: number; queries?: number; passages?: number };
  /** What else one should know. */
  note?: string;
}

const count = z.int().positive().optional();
const text = z.string().min(1);

const row: z.ZodType<CatalogueRow> = z.strictObject({
  name: z.string().regex(
    /^[a-z0-9]+(\/[\w.-]+)?$/i,
    "must be like beir/scifact",
  ),
  kind: z.enum(["training", "benchmark"]),
  task: text,
  about: text,
  benchmark: text.optional(),
  group: text.optional(),
  category: text.optional(),
  languages: z.array(text).min(1),
  languageNames: z.record(text, text).optional(),
  license: text,
  homepage: z.url().optional(),
  sources: z.array(z.strictObject({
    dataset: z.string().regex(/^[\w.-]+\/[\w.-]+$/, "must be like owner/name"),
    files: z.array(text).min(1),
    to: text.optional(),
  })),
  revision: text.optional(),
  checked: z.boolean(),
  format: text,
  loader: text.nullable(),
  columns: z.strictObject({ query: text, passage: text }).optional(),
  split: text.optional(),
  ignoreIdenticalIds: z.boolean().optional(),
  prompt: z.strictObject({
    query: z.array(text).min(1),
    passage: z.enum(["same", "none"]),
    wording: z.enum(["reference", "ours"]),
  }),
  sizes: z.strictObject({ lines: count, queries: count, passages: count })
    .optional(),
  note: text.optional(),
});

const schema = z.strictObject({
  format: z.literal("tdro-catalogue/1"),
  rows: z.array(row),
});

/**
 * Public data sets: the paper's 25 training sets, the sets of BEIR, MIRACL and
 * MKQA, NanoBEIR, and small sets of single domains. It is the file
 * `data/catalogue.json`, which has an entry in the README beside it.
 *
 * @returns The rows, in the file's order.
 *
 * @example Usage
 * ```ts
 * import { catalogue } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const training = catalogue().filter(({ kind }) => kind === "training");
 * assert.equal(training.length, 25);
 * ```
 */
export function catalogue(): CatalogueRow[] {
  return parseCatalogue(file);
}

/**
 * Checks a catalogue, for instance one of your own.
 *
 * @param input Content of a file in the form of `data/catalogue.json`.
 * @returns Its rows.
 * @throws {SyntaxError} If it has another form, or a name appears twice.
 *
 * @example Usage
 * ```ts
 * import { parseCatalogue } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseCatalogue({ format: "tdro-catalogue/1", rows: [] }), []);
 * ```
 */
export function parseCatalogue(input: unknown): CatalogueRow[] {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    throw new SyntaxError(
      `Cannot read the catalogue: ${
        describeIssue(parsed.error.issues[0]!, input)
      }`,
    );
  }
  const { rows } = parsed.data;
  const names = rows.map(({ name }) => name);
  const twin = names.find((name, i) => names.indexOf(name) < i);
  if (twin !== undefined) {
    throw new SyntaxError(
      `Cannot read the catalogue: names must differ: got ${
        JSON.stringify(twin)
      } twice`,
    );
  }
  return rows;
}

/**
 * The row of a name.
 *
 * @param name Name of a row, e.g. `"beir/scifact"`.
 * @param rows Where to look. @default {catalogue()}
 * @throws {RangeError} If there is none; the message names the nearest.
 *
 * @example Usage
 * ```ts
 * import { catalogueRow } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.equal(catalogueRow("beir/scifact").sizes!.queries, 300);
 * assert.throws(() => catalogueRow("scifact"), /nearest are .*scifact/);
 * ```
 */
export function catalogueRow(
  name: string,
  rows: readonly CatalogueRow[] = catalogue(),
): CatalogueRow {
  const found = rows.find((row) => row.name === name);
  if (found) return found;
  const names = rows.map((row) => row.name);
  // Who leaves out the family is nearer than any letters tell.
  const within = names.filter((other) => other.endsWith(`/${name}`));
  throw new RangeError(
    `Cannot find ${JSON.stringify(name)} in the catalogue: nearest are ${
      [...new Set([...within, ...nearest(name, names)])].slice(0, 3).join(", ")
    }`,
  );
}

/**
 * The rows of a name: one set, or all sets of a family.
 *
 * @param name E.g. `"beir/scifact"`, or `"beir"` for all of its sets.
 * @param rows Where to look. @default {catalogue()}
 * @returns At least one row.
 * @throws {RangeError} If there is none; the message names the nearest.
 *
 * @example Usage
 * ```ts
 * import { catalogueRows } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * assert.equal(catalogueRows("nanobeir").length, 13);
 * assert.equal(catalogueRows("beir/nq").length, 1);
 * ```
 */
export function catalogueRows(
  name: string,
  rows: readonly CatalogueRow[] = catalogue(),
): CatalogueRow[] {
  const family = rows.filter((row) => row.name.startsWith(`${name}/`));
  return family.length > 0 ? family : [catalogueRow(name, rows)];
}
