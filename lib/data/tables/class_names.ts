import { z } from "zod";
import { jsonValue } from "../../base/json_value.ts";
import { named } from "../../base/named.ts";

/** Names of the classes that the numbers of a column stand for, by the number. */
export type ClassNames = ReadonlyMap<string, string>;

const labels = z.object({
  _type: z.literal("ClassLabel"),
  names: z.array(z.string()).min(1),
});

const metadata = z.object({
  info: z.object({ features: named(z.unknown()) }),
});

/**
 * Columns of class numbers, as the data sets library notes them in the metadata of
 * parquet and Arrow files (under `huggingface`).
 */
export function classesInMetadata(
  text: string | undefined,
): Map<string, ClassNames> {
  const classes = new Map<string, ClassNames>();
  if (text === undefined) return classes;
  let value: unknown;
  try {
    value = jsonValue(text);
  } catch {
    // Some other program's note.
    return classes;
  }
  const parsed = metadata.safeParse(value);
  if (!parsed.success) return classes;
  for (const [column, feature] of Object.entries(parsed.data.info.features)) {
    const { success, data } = labels.safeParse(feature);
    if (!success) continue;
    classes.set(
      column,
      new Map(data.names.map((name, number) => [`${number}`, name])),
    );
  }
  return classes;
}

/**
 * The class names of a folder's files together.
 *
 * @throws {RangeError} If two files give the numbers of a column other names.
 */
export function joinedClasses(
  folder: string,
  parts: Iterable<ReadonlyMap<string, ClassNames>>,
): Map<string, ClassNames> {
  const joined = new Map<string, ClassNames>();
  for (const [column, names] of [...parts].flatMap((part) => [...part])) {
    const known = joined.get(column) ?? names;
    const [told, before] = [names, known].map((names) => [...names].join("; "));
    if (told !== before) {
      throw new RangeError(
        `Cannot read ${folder} as one table: the numbers of column ${
          JSON.stringify(column)
        } stand for other classes in one file than in another (${before}; ${told}); import the files one by one`,
      );
    }
    joined.set(column, names);
  }
  return joined;
}
