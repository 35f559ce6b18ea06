import { z } from "zod";
import { named } from "../../base/named.ts";

/** A source file of an import. */
export interface ImportedFile {
  /** Its path in the data set's folder, or its name. */
  name: string;
  /** Size in bytes. */
  bytes: number;
  /** SHA-256 of its bytes, in hexadecimal digits. */
  sha256: string;
  /** The part of the data that it is said to be, e.g. `"validation"`. */
  split?: string;
  /** Rows read from it; absent where it only says what the others are. */
  rows?: number;
}

/** Which column was taken for what. */
export interface TakenColumns {
  /** Queries. */
  query: string;
  /** Passages that answer them. */
  passage: string;
  /** Titles of the passages. */
  title?: string;
  /** Passages that don't answer. */
  negatives: string[];
  /** Grades, scores or labels. */
  score?: string;
  /** Titles of the passages that answer, where the others of a cell don't. */
  support?: string;
  /** Splits. */
  split?: string;
  /** Query ids. */
  queryId?: string;
  /** Passage ids. */
  passageId?: string;
  /** Tasks. */
  task?: string;
}

/** A column that nothing was read from. */
export interface UnusedColumn {
  /** Its name. */
  column: string;
  /** Rows that have something in it; absent if nobody looked. */
  filled?: number;
  /** What it holds, if that is at most ten different short values. */
  values?: string[];
}

/** What the rows of a split of the data became. */
export interface ReadSplit {
  /** The split as the data call it; absent if they don't. */
  split?: string;
  /** What it was taken for; `"drawn"`: lots decide, `"none"`: left out. */
  takenAs: "train" | "dev" | "test" | "drawn" | "none";
  /** Its rows. */
  rows: number;
}

/** What an import took for what, and what it left out; `import.json` holds it. */
export interface ImportRecord {
  /** Form of the record. */
  format: "tdro-import/1";
  /** Version that made it. */
  tdro: string;
  /** Name of the file or folder. */
  source: string;
  /** The options, with their defaults. */
  options: Record<string, unknown>;
  /** The files that were read. */
  files: ImportedFile[];
  /** Files that weren't, and why. */
  unusedFiles: { name: string; why: string }[];
  /** What was found out about the files, and what was left out of them. */
  notes?: string[];
  /** Columns; absent where the files are in BEIR's form and nothing is open. */
  columns?: TakenColumns;
  /** Columns that nothing was read from. */
  unusedColumns: UnusedColumn[];
  /** What the splits became. */
  splits: ReadSplit[];
  /** Rows read, used and left out. */
  rows: {
    /** All of them. */
    read: number;
    /** Those that a task has now. */
    used: number;
    /** Left out for want of a query or passage (`--skip-empty`). */
    empty: number;
    /** Left out as of a split that nobody understands, or that `--map-splits` drops. */
    split: number;
    /** Left out as of a label that `--map-labels` drops. */
    label: number;
    /** Used as matches, as they lack the label that others have. */
    unlabelled: number;
    /** Judgments left out, as the passage isn't in the corpus (BEIR's form). */
    dangling?: number;
  };
  /** Tasks all rows of which were left out. */
  unusedTasks: string[];
}

/** Counts of rows before any is read. */
export const NO_ROWS = {
  read: 0,
  used: 0,
  empty: 0,
  split: 0,
  label: 0,
  unlabelled: 0,
} satisfies ImportRecord["rows"];

const count = z.int().min(0);

/** Schema of {@linkcode ImportRecord}. */
export const importRecord: z.ZodType<ImportRecord> = z.strictObject({
  format: z.literal("tdro-import/1"),
  tdro: z.string(),
  source: z.string(),
  options: named(z.unknown()),
  files: z.array(z.strictObject({
    name: z.string(),
    bytes: count,
    sha256: z.string(),
    split: z.string().optional(),
    rows: count.optional(),
  })),
  unusedFiles: z.array(z.strictObject({ name: z.string(), why: z.string() })),
  notes: z.array(z.string()).optional(),
  columns: z.strictObject({
    query: z.string(),
    passage: z.string(),
    title: z.string().optional(),
    negatives: z.array(z.string()),
    score: z.string().optional(),
    support: z.string().optional(),
    split: z.string().optional(),
    queryId: z.string().optional(),
    passageId: z.string().optional(),
    task: z.string().optional(),
  }).optional(),
  unusedColumns: z.array(z.strictObject({
    column: z.string(),
    filled: count.optional(),
    values: z.array(z.string()).optional(),
  })),
  splits: z.array(z.strictObject({
    split: z.string().optional(),
    takenAs: z.enum(["train", "dev", "test", "drawn", "none"]),
    rows: count,
  })),
  rows: z.strictObject({
    read: count,
    used: count,
    empty: count,
    split: count,
    label: count,
    unlabelled: count,
    dangling: count.optional(),
  }),
  unusedTasks: z.array(z.string()),
});
