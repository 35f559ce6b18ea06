import { z } from "zod";

/**
 * What may not stand in an id: TSV and TREC files separate by tab and line
 * end, C tools stop at NUL, and a lone surrogate has no UTF-8 form, so such an
 * id couldn't be written and read back.
 */
export function idProblem(id: string): string | undefined {
  if (id === "") return "must not be empty";
  if (/[\t\n\r\0]/.test(id)) return "must hold no tab, line end or NUL";
  if (!id.isWellFormed()) return "must hold no lone surrogate";
}

const id = z.string().superRefine((value, context) => {
  const problem = idProblem(value);
  if (problem) context.addIssue({ code: "custom", message: problem });
});

/** Puts the value of the first alias that's there under the proper name. */
function rename(names: Record<string, readonly string[]>) {
  return (value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return value;
    }
    const row = value as Record<string, unknown>;
    const out: Record<string, unknown> = { ...row };
    for (const [name, aliases] of Object.entries(names)) {
      if (Object.hasOwn(row, name)) continue;
      const alias = aliases.find((a) => Object.hasOwn(row, a));
      if (alias !== undefined) out[name] = row[alias];
    }
    return out;
  };
}

/** Aliases of section 3.1 of the tDRO specification. */
const ALIASES = {
  _id: ["query_id", "docid", "id"],
  text: ["query", "question"],
} as const;

/** A line of `corpus.jsonl`. */
export const corpusLine: z.ZodType<
  { _id: string; title?: string; text: string }
> = z
  .preprocess(
    rename(ALIASES),
    z.object({ _id: id, title: z.string().optional(), text: z.string() }),
  );

/** A line of `queries.jsonl`. */
export const queryLine: z.ZodType<{ _id: string; text: string }> = z.preprocess(
  rename(ALIASES),
  z.object({ _id: id, text: z.string() }),
);

const tdroPassage = z.object({
  docid: z.string(),
  title: z.string().optional(),
  text: z.string(),
  ce_score: z.number().optional(),
});

/** A line of a tDRO training file (section 3.1). */
export const tdroLine: z.ZodType<{
  query_id: string;
  query: string;
  positive_passages: z.infer<typeof tdroPassage>[];
  negative_passages: z.infer<typeof tdroPassage>[];
}> = z.object({
  query_id: z.string(),
  query: z.string(),
  positive_passages: z.array(tdroPassage).min(1, "must hold a passage"),
  negative_passages: z.array(tdroPassage),
});

/** `task.json`; keys we don't know are someone else's notes. */
export const taskFile: z.ZodType<{
  task?: string;
  prompt?: string;
  language?: string | string[];
  type?: string;
  license?: string;
  source?: string;
  transform?: string;
}> = z.object({
  task: z.string().min(1, "must not be empty")
    .regex(/^\P{Cc}*$/u, "must hold no line end or other control character")
    .optional(),
  prompt: z.string().optional(),
  language: z.union([z.string(), z.array(z.string())], {
    error: "must be a string or a list of strings",
  }).optional(),
  type: z.string().optional(),
  license: z.string().optional(),
  source: z.string().optional(),
  transform: z.string().optional(),
});

/** `suite.json`. */
export const suiteFile: z.ZodType<{ name: string; tasks: string[] }> = z.object(
  {
    name: z.string(),
    tasks: z.array(z.string()).min(1, "must name a task"),
  },
);
