import { readTextIfThere } from "../../base/files/read_text.ts";
import { z } from "zod";
import type { ClassNames } from "./class_names.ts";
import { named } from "../../base/named.ts";
import { printable } from "../../base/printable.ts";

/** Files of one split, as a README names them. */
export interface DataFiles {
  /** Name of the split; `undefined` if the README names none. */
  split?: string;
  /** Paths in the data set's folder; `*` and `**` stand for any. */
  patterns: string[];
}

/** A configuration that the README of a data set describes. */
export interface DatasetConfig {
  name: string;
  /** The folder that it lies in, `""` or with a slash at the end. */
  folder: string;
  /** Its files; `undefined` if their names tell the splits. */
  files?: DataFiles[];
}

const patterns = z.union([z.string(), z.array(z.string())]);

/** A column as `dataset_info` has it; classes are names of the numbers in it. */
const feature = z.object({
  name: z.string(),
  dtype: z.object({
    class_label: z.object({ names: named(z.unknown()) }),
  }),
});

const info = z.object({
  config_name: z.string().optional(),
  features: z.array(z.unknown()),
});

/** The part of the README's front matter that we look into. */
const card = z.object({
  // What a library wrote for itself; what isn't of its form tells nothing.
  dataset_info: z.unknown().optional(),
  configs: z.array(z.object({
    config_name: z.string().default("default"),
    default: z.boolean().default(false),
    data_files: z.union([
      patterns,
      z.array(z.object({ split: z.string(), path: patterns })),
    ]).optional(),
    data_dir: z.string().optional(),
  })).optional(),
});

/**
 * The configuration of a Hugging Face data set's README that is wanted;
 * `undefined` if it has no README or that names no files.
 */
export async function readDatasetCard(
  folder: string,
  wanted: string | undefined,
): Promise<DatasetConfig | undefined> {
  const path = `${folder}/README.md`;
  const text = await readTextIfThere(path) ?? "";
  const { configs = [] } = await frontMatter(path, text);
  if (configs.length === 0) {
    if (wanted === undefined) return undefined;
    throw new RangeError(
      `Cannot find subset ${
        JSON.stringify(wanted)
      } of ${folder}: it has no README.md that names any`,
    );
  }
  const names = configs.map(({ config_name }) => config_name);
  const config = wanted !== undefined
    ? configs.find(({ config_name }) => config_name === wanted)
    : configs.find((config) => config.default) ??
      configs.find(({ config_name }) => config_name === "default") ??
      (configs.length === 1 ? configs[0] : undefined);
  if (!config) {
    throw new RangeError(
      `Cannot choose a subset of ${folder}: subset (--subset) must be one of ${
        names.join(", ")
      }: got ${wanted === undefined ? "none" : JSON.stringify(wanted)}`,
    );
  }
  const { config_name: name, data_files: files, data_dir } = config;
  const below = data_dir
    ? `${data_dir.replace(/^\.\//, "").replace(/\/$/, "")}/`
    : "";
  if (files === undefined) return below ? { name, folder: below } : undefined;
  return {
    name,
    folder: below,
    files: [files].flat().map((entry) =>
      typeof entry === "string"
        ? { patterns: [below + entry] }
        : { split: entry.split, patterns: [entry.path].flat() }
    ),
  };
}

/**
 * Columns of numbers that stand for classes, with the classes, as a README tells: a
 * class's number is no grade.
 */
export async function readClasses(
  folder: string,
): Promise<Map<string, ClassNames>> {
  const path = `${folder}/README.md`;
  const text = await readTextIfThere(path) ?? "";
  const { dataset_info } = await frontMatter(path, text);
  const features = [dataset_info].flat().flatMap((item) => {
    const { success, data } = info.safeParse(item);
    return success ? data.features : [];
  });
  return new Map(features.flatMap((item) => {
    const { success, data } = feature.safeParse(item);
    if (!success) return [];
    const { names } = data.dtype.class_label;
    const classes = Object.entries(names).map(([number, name]) =>
      [number, `${name}`] as const
    );
    return [[data.name, new Map(classes)] as const];
  }));
}

async function frontMatter(
  path: string,
  text: string,
): Promise<z.infer<typeof card>> {
  const yaml = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1];
  if (yaml === undefined) return {};
  if (depthOf(yaml) > DEEPEST) {
    throw new SyntaxError(
      `Cannot read the front matter of ${path}: it is nested more than ${DEEPEST} levels deep`,
    );
  }
  const { parse } = await import("yaml");
  let value: unknown;
  try {
    // It warns of what it takes otherwise than meant, on lines of its own.
    value = parse(yaml, { logLevel: "error" }) ?? {};
  } catch (error) {
    throw new SyntaxError(
      `Cannot read the front matter of ${path}: ${
        printable((error as Error).message.split("\n")[0]!)
      }`,
    );
  }
  const parsed = card.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path: at, message } = parsed.error.issues[0]!;
  throw new SyntaxError(
    `Cannot read the front matter of ${path}: ${at.join(".")}: ${message}`,
  );
}

/** Levels of a README's front matter; the parser calls itself for each. */
const DEEPEST = 100;

/** Levels that a text in YAML has at most: by its brackets, or its indentation. */
function depthOf(yaml: string): number {
  let open = 0;
  let deepest = 0;
  for (const [mark] of yaml.matchAll(/[[{\]}]|^[ -]+/gm)) {
    if (mark === "[" || mark === "{") open++;
    else if (mark === "]" || mark === "}") open--;
    // Each level takes a column at least.
    else deepest = Math.max(deepest, open + mark.length);
    deepest = Math.max(deepest, open);
  }
  return deepest;
}
