import { DATA_MARKS } from "../beir/data_marks.ts";
import { byNumber } from "../benchmarks/list_files.ts";
import { exists } from "../../base/files/exists.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { hashFile } from "../../base/files/hash_file.ts";
import { writeFolder } from "../../base/files/write_folder.ts";
import type { CatalogueRow } from "./catalogue.ts";
import { fetchHubFiles, type HubOptions } from "../../base/hub_files.ts";
import { canConvert, convert } from "./convert.ts";
import { chooseFiles, type ChosenSource } from "./source_files.ts";
import { writeWhole } from "../../base/files/write_whole.ts";

/** Options of {@linkcode pullDataset}. */
export interface PullDatasetOptions extends HubOptions {
  /**
   * Folder of the files as published. What is fetched is kept there; what lies
   * there is used where the hub doesn't have it or can't be asked.
   * @default {"data/files/" and the name}
   */
  files?: string;
  /** Languages to take of a set that has several, by their tags. @default all */
  languages?: readonly string[];
  /** Most training rows to take. @default {5_000_001, as in the reference} */
  limit?: number;
  /** Whether a folder that is there already may be replaced. @default {false} */
  overwrite?: boolean;
}

/** How far a pull is: in bytes, then in rows, whose number isn't known. */
export interface PullDatasetProgress extends ProgressEvent {
  /** Part of the work. */
  stage: "download" | "conversion";
}

/** Most training rows that the reference takes. */
export const ALL_ROWS = 5_000_001;

/** What {@linkcode pullDataset} made; `source.json` in the folder holds it. */
export interface PulledDataset {
  /** Name in the catalogue. */
  name: string;
  /** Licence as the catalogue knows it. */
  license: string;
  /** What turned the files into the task. */
  loader: string;
  /** Languages taken, by their tags. */
  languages: string[];
  /** Most training rows that were taken; absent in files of earlier versions. */
  limit?: number;
  /** The data sets, with the commit if the hub told. */
  sources: { dataset: string; from: "hub" | "folder"; commit?: string }[];
  /** The files, as published. */
  files: { path: string; bytes: number; sha256: string }[];
  /** What the folder holds. */
  counts: { passages: number; queries: number; judgments: number };
}

/**
 * Fetches a data set of the catalogue from the Hugging Face hub, or a mirror of it,
 * and makes a task folder in BEIR form of it, which `openTask` opens, with
 * `source.json` beside the texts. Downloads go on where they stopped, and are
 * checked against the hub's SHA-256; the folder appears only when whole. MKQA, which
 * has no judgments, becomes a folder for `evaluateMkqa`.
 *
 * Training rows keep their negatives as judgments of grade 0; equal texts are
 * written once. Of training sets with large corpora (MIRACL, T2Ranking) only the
 * judged passages are kept.
 *
 * @param row Row of the catalogue.
 * @param folder Task folder to write.
 * @param options Mirror, token, languages, folder of the files.
 * @returns Progress; in the end, what was made.
 * @throws {RangeError} If the folder is there, a language is none of the set's, the
 * set has no loader, or files are neither on the hub nor in the folder of files;
 * the message says what to do.
 * @throws {SyntaxError} If a file is malformed.
 *
 * @example Usage
 * ```ts
 * import { catalogueRow, pullDataset } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const row = catalogueRow("miracl/sw");
 * const pull = pullDataset(row, "data/miracl/sw", { languages: ["fi"] });
 * await assert.rejects(pull.next(), /languages must be among sw: got "fi"/);
 * ```
 */
export async function* pullDataset(
  row: CatalogueRow,
  folder: string,
  options: PullDatasetOptions = {},
): AsyncGenerator<PullDatasetProgress, PulledDataset, undefined> {
  const {
    files: raw = `data/files/${row.name}`,
    languages = row.languages,
    limit = ALL_ROWS,
    overwrite = false,
    ...hub
  } = options;
  await checkRequest(row, folder, { languages, limit, overwrite });
  const sources: ChosenSource[] = [];
  for (const source of row.sources) {
    sources.push(await chooseFiles(source, { ...hub, row, languages, raw }));
  }
  yield* fetchHubFiles(sources.flatMap(({ fetch }) => fetch ?? []), hub);
  const made: PulledDataset = {
    name: row.name,
    license: row.license,
    loader: row.loader!,
    languages: [...languages],
    limit,
    sources: sources.map(({ dataset, from, commit }) =>
      commit === undefined ? { dataset, from } : { dataset, from, commit }
    ),
    files: [],
    counts: { passages: 0, queries: 0, judgments: 0 },
  };
  const paths = sources.flatMap(({ paths }) => paths).sort(byNumber);
  for (const path of paths) {
    made.files.push({ path, ...await hashFile(`${raw}/${path}`) });
  }
  yield* whileWorking((onProgress) =>
    writeFolder(folder, {
      overwrite,
      what: `data set ${folder}`,
      marks: DATA_MARKS,
      async fill(out) {
        made.counts = await convert({
          row,
          raw,
          paths,
          out,
          languages,
          limit,
          onProgress(done) {
            hub.signal?.throwIfAborted();
            onProgress(done);
          },
        });
        await writeWhole(
          `${out}/source.json`,
          `${JSON.stringify(made, null, 2)}\n`,
        );
      },
    }), row.name);
  return made;
}

/** Refuses what can't come out well, before anything is fetched. */
async function checkRequest(
  { name, languages: offered, loader, note, ...row }: CatalogueRow,
  folder: string,
  { languages, limit, overwrite }: {
    languages: readonly string[];
    limit: number;
    overwrite: boolean;
  },
): Promise<void> {
  const cannot = `Cannot pull ${name}`;
  const foreign = languages.find((tag) => !offered.includes(tag));
  if (languages.length === 0 || foreign !== undefined) {
    throw new RangeError(
      `${cannot}: languages must be among ${offered.join(", ")}: got ${
        foreign === undefined ? "none" : JSON.stringify(foreign)
      }`,
    );
  }
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(
      `${cannot}: limit must be an integer of at least 1: got ${limit}`,
    );
  }
  if (
    row.sources.length === 0 ||
    !canConvert({ ...row, name, languages: offered, loader })
  ) {
    throw new RangeError(
      `${cannot}: it must be put together by hand${note ? `: ${note}` : ""}`,
    );
  }
  if (!overwrite && await exists(folder)) {
    throw new RangeError(
      `${cannot}: ${folder} is there already; remove it, choose another folder, or set overwrite (--force)`,
    );
  }
}

/** The rows written so far, as events, while the work is done. */
async function* whileWorking(
  run: (onProgress: (done: number) => void) => Promise<void>,
  name: string,
): AsyncGenerator<PullDatasetProgress> {
  let done = 0;
  let over = false;
  const event = (): PullDatasetProgress => ({
    stage: "conversion",
    label: `${name}: rows`,
    done,
    total: 0,
  });
  yield event();
  const work = run((rows) => done = rows).finally(() => over = true);
  while (!over) {
    await Promise.race([
      work,
      new Promise((resume) => setTimeout(resume, 200)),
    ]);
    yield event();
  }
  await work;
}
