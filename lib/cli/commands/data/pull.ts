import { z } from "zod";
import type { CatalogueRow, PulledDataset } from "../../../data/mod.ts";
import type { Command } from "../../command.ts";
import { line } from "../../../base/printable.ts";
import { exists } from "../../../base/files/exists.ts";
import { listInSuite } from "./list_in_suite.ts";

/** Options of `tdro data pull`. */
export interface DataPullOptions {
  /** Names of sets or families. */
  names: string[];
  /** Folder to write, or the folder above several. */
  out?: string;
  /** Folder of the files as published. */
  files?: string;
  /** BCP 47 tags of the languages to take. */
  language?: string[];
  /** Most training rows. */
  limit?: number;
  /** Whether folders that are there may be replaced. */
  force: boolean;
}

/** `tdro data pull`. */
export const command: Command<DataPullOptions> = {
  name: "data pull",
  summary: "Download public training sets and benchmarks as task folders",
  details:
    "Fetches the files of sets in the catalogue (tdro data list) from the " +
    "Hugging Face hub, checks sizes and checksums, and makes a task folder " +
    "in BEIR form of each, with source.json beside the texts: commits, " +
    "checksums, licence. An interrupted download resumes where it stopped. " +
    "HF_ENDPOINT names a mirror, HF_TOKEN gives access to gated sets. " +
    "Without a network, files put into the folder of files by hand serve " +
    "as well; the error says which go where. The name of a family (beir, " +
    "miracl, nanobeir) pulls all its sets; those that are there already " +
    "with the same settings are left alone, others are refused unless " +
    "--force replaces them.",
  examples: [
    {
      about: "One set of BEIR, to data/beir/scifact",
      line: "tdro data pull beir/scifact",
    },
    { about: "NanoBEIR, all 13 sets", line: "tdro data pull nanobeir" },
    {
      about: "Two languages of MIRACL",
      line: "tdro data pull miracl --language sw,yo",
    },
    {
      about: "The first 100,000 rows of a training set",
      line:
        "tdro data pull tdro/gooaq_pairs --limit 100000 --out my/suite/gooaq",
    },
  ],
  operands: ["names"],
  options: z.strictObject({
    names: z.array(z.string()).min(1).meta({ placeholder: "NAME" }).describe(
      "Sets, e.g. beir/scifact, or families, e.g. nanobeir",
    ),
    out: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Task folder to write, or with several sets the folder above theirs; default: data/ and the name",
    ),
    files: z.string().optional().meta({ placeholder: "FOLDER" }).describe(
      "Where the files as published are kept, or were put by hand: a folder for each set; default: data/files",
    ),
    language: z.array(z.string()).min(1).optional().meta({
      placeholder: "TAG",
    }).describe("Only these languages, e.g. fi,zh-CN; all if left out"),
    limit: z.int().min(1).optional().describe(
      "Maximum training rows to take from each set",
    ),
    force: z.boolean().default(false).describe(
      "Replace folders that are there",
    ),
  }),
  async run({ names, out, files = "data/files", language, limit, force }, io) {
    const { catalogueRows, earlierPull, pullDataset } = await import(
      "../../../data/mod.ts"
    );
    const sets = names.flatMap((name) => {
      const rows = catalogueRows(name);
      const chosen = rows.flatMap((row) => choose(row, language));
      if (chosen.length > 0) return chosen;
      throw noLanguage(name, rows);
    });
    const several = sets.length > 1 || sets[0]!.row.name !== names[0];
    io.resumeWith("the same command resumes where it stopped");
    const done: (PulledDataset & { folder: string })[] = [];
    for (const { row, languages } of sets) {
      const folder = out === undefined
        ? `data/${row.name}`
        : several
        ? `${out}/${row.name}`
        : out;
      const there = !force && await exists(folder);
      const earlier = there
        ? await earlierPull(folder, { name: row.name, languages, limit })
        : undefined;
      if (earlier) {
        io.note(line`${row.name}: already pulled with the same settings`);
        done.push({ folder, ...earlier });
        await listInSuite(folder, io);
        continue;
      }
      if (several && there) {
        io.note(line`${row.name}: ${folder} is there already`);
        continue;
      }
      const made = await io.progress(
        pullDataset(row, folder, {
          languages,
          limit,
          files: `${files}/${row.name}`,
          overwrite: force,
          signal: io.signal,
        }),
      );
      done.push({ folder, ...made });
      await listInSuite(folder, io);
    }
    io.result(
      done,
      () =>
        done.map(({ name, folder, counts, license }) =>
          line`${name}: ${counts.passages} passages, ${counts.queries} queries in ${folder}; licence: ${license}`
        ).join("\n") || "nothing to do",
    );
  },
};

/** The row with the languages of it that are wanted, if it has any. */
function choose(
  row: CatalogueRow,
  wanted: readonly string[] | undefined,
): { row: CatalogueRow; languages: string[] }[] {
  const plain = (tag: string) => tag.toLowerCase().replaceAll("_", "-");
  const languages = wanted === undefined
    ? row.languages
    : row.languages.filter((tag) =>
      wanted.some((other) => plain(other) === plain(tag))
    );
  return languages.length > 0 ? [{ row, languages }] : [];
}

function noLanguage(name: string, rows: readonly CatalogueRow[]): RangeError {
  const tags = new Set(rows.flatMap(({ languages }) => languages));
  return new RangeError(
    `Cannot pull ${name}: --language must be among ${[...tags].join(", ")}`,
  );
}
