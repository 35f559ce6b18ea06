import { z } from "zod";
import { describeIssue } from "../../base/describe_issue.ts";
import { decoderOf } from "../../base/files/encodings.ts";

/** How a table's file is read; see `openTable`. */
export interface ReadTableOptions {
  /**
   * Encoding of the text, a name that `TextDecoder` knows: `"latin1"`,
   * `"windows-1252"`, `"utf-16"`, `"shift_jis"` …
   *
   * @default {"utf-8"}
   */
  encoding?: string;
  /**
   * What separates the columns of a CSV or TSV file; `"tab"` is a tab.
   *
   * @default what the first lines are separated by: commas, tabs, semicolons or bars
   */
  delimiter?: string;
  /**
   * Whether double quotes around the texts of a CSV or TSV file only enclose them.
   *
   * @default {true}, but for `.tsv` files whose first line has none: there quotes are
   * part of the texts, and a text that is enclosed by them is asked about
   */
  quotes?: boolean;
  /** Whether the first line of a CSV or TSV file names its columns. @default {true} */
  header?: boolean;
  /** Names of the columns where no line names them; `"-"` leaves one out. */
  columns?: string[];
}

/** Options that are about CSV and TSV files only. */
export const DELIMITED_OPTIONS = [
  "delimiter",
  "quotes",
  "header",
  "columns",
] as const;

const label = z.string().min(1).refine((name) => {
  try {
    return decoderOf(name) !== undefined;
  } catch {
    return false;
  }
}, {
  error:
    "must be an encoding that TextDecoder knows, such as latin1, windows-1252, utf-16, shift_jis or gb18030",
});

/** Fields of the schema of {@linkcode ReadTableOptions}. */
export const readTableFields = {
  encoding: label.optional().describe(
    "Encoding of the text, such as latin1 or utf-16; UTF-8 if left out",
  ),
  delimiter: z.string().transform(tabOf)
    .refine((text) => /^[^"\r\n\0]$/u.test(text), {
      error:
        "must be one character, no double quote or line end; tab is written tab",
    })
    .optional().meta({ placeholder: "CHARACTER" }).describe(
      "What separates the columns of a CSV or TSV file; detected if left out",
    ),
  quotes: z.boolean().optional().meta({ negatable: true }).describe(
    "Double quotes enclose the texts of a CSV or TSV file; off: they are " +
      "part of the texts",
  ),
  header: z.boolean().default(true).describe(
    "The first line of a CSV or TSV file names its columns",
  ),
  columns: z.array(z.string().min(1)).min(1).optional()
    .meta({ placeholder: "COLUMN" }).describe(
      "Names of the columns of a CSV or TSV file without header; - leaves one out",
    ),
} satisfies Record<keyof ReadTableOptions, z.ZodType>;

function tabOf(text: string): string {
  return text === "tab" || text === "\\t" ? "\t" : text;
}

const schema = z.strictObject(readTableFields).refine(
  ({ header, columns }) => header || columns !== undefined,
  {
    path: ["columns"],
    error:
      "(--columns) must name the columns where header is off (--no-header)",
  },
).refine(({ header, columns }) => !header || columns === undefined, {
  path: ["columns"],
  error:
    "(--columns) are for a table without header: add header: false (--no-header)",
});

/** Checks how a file is to be read, and fills in the defaults. */
export function parseReadOptions(options: ReadTableOptions): ReadTableOptions {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new RangeError(
    `Cannot read the table: ${describeIssue(parsed.error.issues[0]!, options)}`,
  );
}

/** The part of some options that says how a file is read. */
export function readOptionsOf(
  { encoding, delimiter, quotes, header, columns }: ReadTableOptions,
): ReadTableOptions {
  return { encoding, delimiter, quotes, header, columns };
}

/** Throws if options that are about files are given for rows. */
export function checkNoFile(options: ReadTableOptions): void {
  const given = Object.entries(readOptionsOf(options))
    .find(([, value]) => value !== undefined)?.[0];
  if (given === undefined) return;
  throw new RangeError(`Cannot use the rows: ${given} is for files`);
}
