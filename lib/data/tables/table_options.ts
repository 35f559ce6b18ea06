import { z } from "zod";
import { readTableFields, type ReadTableOptions } from "./read_options.ts";
import { describeIssue } from "../../base/describe_issue.ts";

/** Which column holds what; see {@linkcode TableTaskOptions}. */
export interface TableColumns {
  /** Queries. @default a column called query, question, anchor or the like */
  query?: string;
  /**
   * Passages that answer them: a text, a list of texts, or objects with `text`
   * and perhaps `title`.
   *
   * @default a column called passage, answer, positive, document or the like
   */
  passage?: string;
  /** Titles of the passages; `null` for none. @default a column called title */
  title?: string | null;
  /**
   * Passages that don't answer the query (texts or lists of them); `null` for
   * none.
   *
   * @default columns called negative, negative_1, neg or the like
   */
  negatives?: string | string[] | null;
  /**
   * How relevant the passage is: integer grades (0 and below: not relevant),
   * true and false, or numbers together with `minScore`; also a list of them, one for
   * each passage, or the key of the passages that holds theirs, as
   * `"passages.score"`. `null`: every row is a match. There is no default where a column is called score, label or the
   * like, as a guess could take misses for matches.
   */
  score?: string | null;
  /** Split of each row; `null` for none. @default a column called split */
  split?: string | null;
  /** Query ids; `null` to number them. @default a column called query_id or the like */
  queryId?: string | null;
  /** Passage ids; `null` to number them. @default a column called passage_id or the like */
  passageId?: string | null;
}

/** Options of {@linkcode taskFromRows} and its like. */
export interface TableTaskOptions extends TableColumns, ReadTableOptions {
  /** Name of the task. @default the file's name, or `"task"` */
  name?: string;
  /** Instruction put before each query. @default {""} */
  prompt?: string;
  /** BCP 47 tag or tags of the text. @default {"und"} */
  language?: string | string[];
  /** Kind of task. @default {"question-passage"} */
  kind?: string;
  /** Licence of the text. @default {"unstated"} */
  license?: string;
  /** Where the text comes from. @default the file's name */
  source?: string;
  /** Minimum score of a match, if scores aren't grades. @default none */
  minScore?: number;
  /**
   * Grades of labels, as `"label=grade"`, e.g. `["entailment=1", "contradiction=0"]`;
   * rows of a label with `none` are left out. Every label must be among them.
   *
   * @default labels are grades, true and false, or yes and no
   */
  mapLabels?: string[];
  /**
   * What splits of the data are, as `"name=split"` with `train`, `dev`, `test` or, to
   * leave its rows out, `none`, e.g. `["test_hard=test"]`.
   *
   * @default what the words train, validation, dev, test, eval and their like say
   */
  mapSplits?: string[];
  /** Share of the queries put aside for development, if no row is. @default {0.1} */
  dev?: number;
  /** Share of the queries put aside for the test, if no row is. @default {0.1} */
  test?: number;
  /** Seed of the split. @default {42} */
  seed?: number;
  /** Leave out rows without a query or passage, instead of refusing them. @default {false} */
  skipEmpty?: boolean;
}

const name = z.string().min(1);
const column = name.meta({ placeholder: "COLUMN" });
const orNone = z.union([column, z.null()]).meta({ placeholder: "COLUMN" });

/** The columns' part of the schema. */
const columns = {
  query: column.optional().describe(
    "Column of the queries; default: recognised by its name",
  ),
  passage: column.optional().describe(
    "Column of the passages that answer them; default: recognised by its name",
  ),
  title: orNone.optional().describe("Column of the passages' titles, or none"),
  negatives: z.union([column, z.array(column), z.null()]).optional()
    .meta({ placeholder: "COLUMN" }).describe(
      "Column or columns (JSON list) of passages that don't answer, or none",
    ),
  score: orNone.optional().describe(
    "Column of grades or scores, or a key of the passages (passages.score), or none if every row is a match",
  ),
  split: orNone.optional().describe(
    "Column that says train, dev or test, or none",
  ),
  queryId: orNone.optional().describe("Column of query ids, or none"),
  passageId: orNone.optional().describe("Column of passage ids, or none"),
};

/** {@linkcode TableTaskOptions} with the defaults that need no table. */
export type ParsedTableTaskOptions =
  & TableTaskOptions
  & Required<
    Pick<
      TableTaskOptions,
      | ("prompt" | "language" | "kind" | "license")
      | ("dev" | "test" | "seed" | "skipEmpty")
    >
  >;

/** Fields of the schema of {@linkcode TableTaskOptions}; commands add theirs. */
export const tableTaskFields = {
  ...columns,
  ...readTableFields,
  name: name.optional().describe("Name of the task; the file's if left out"),
  prompt: z.string().default("").describe("Instruction put before each query"),
  language: z.union([z.string(), z.array(z.string())]).default("und")
    .meta({ placeholder: "TAG" }).describe("BCP 47 tag of the text"),
  kind: z.string().default("question-passage").describe("Kind of task"),
  license: z.string().default("unstated").describe("Licence of the text"),
  source: z.string().optional().describe("Where the text comes from"),
  minScore: z.number().optional().describe(
    "Minimum score of a match, if scores aren't grades",
  ),
  mapLabels: pairs(
    /=(?:[+-]?\d{1,9}|none)$/,
    "LABEL=GRADE",
    "must be label=grade with a whole number or none",
  )
    .describe(
      "Grades of labels, e.g. entailment=1,contradiction=0; none leaves rows out",
    ),
  mapSplits: pairs(
    /=(?:train|dev|test|none)$/,
    "NAME=SPLIT",
    "must be name=split with train, dev, test or none",
  )
    .describe(
      "What the splits of the data mean, e.g. test_hard=test; none leaves " +
        "rows out",
    ),
  dev: share("development"),
  test: share("the test"),
  seed: z.int().min(0).max(2 ** 32 - 1).default(42).describe(
    "Seed of the split",
  ),
  skipEmpty: z.boolean().default(false).describe(
    "Leave out rows without a query or passage",
  ),
} satisfies Record<keyof TableTaskOptions, z.ZodType>;

/** A list of `key=value`, of which no key appears twice. */
function pairs(form: RegExp, placeholder: string, error: string) {
  const keyOf = (text: string) => text.slice(0, text.lastIndexOf("="));
  return z.array(z.string().regex(form, error)).min(1)
    .refine((list) => new Set(list.map(keyOf)).size === list.length, {
      error: "must name each only once",
    }).optional().meta({ placeholder });
}

function share(what: string) {
  return z.number().min(0).max(0.9).default(0.1).describe(
    `Share of the queries held out for ${what}, if no row is`,
  );
}

const schema = z.strictObject(tableTaskFields).refine(
  ({ dev, test }) => dev + test < 1,
  { path: ["dev"], error: "and test must leave something for train" },
);

/** Checks options and fills in the defaults that need no table. */
export function parseTableTaskOptions(
  options: TableTaskOptions,
): ParsedTableTaskOptions {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new RangeError(
    `Cannot make a task of a table: ${
      describeIssue(parsed.error.issues[0]!, options)
    }`,
  );
}
