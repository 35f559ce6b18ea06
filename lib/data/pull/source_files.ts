import { listFiles } from "../benchmarks/list_files.ts";
import type { CatalogueRow, CatalogueSource } from "./catalogue.ts";
import {
  hubCommit,
  type HubFetch,
  type HubOptions,
  type HubRepo,
  listHubFiles,
} from "../../base/hub_files.ts";

/** One source of a row, with the files that are wanted of it. */
export interface ChosenSource {
  dataset: string;
  /** Commit that the files are of; absent if the hub didn't tell, or by hand. */
  commit?: string;
  /** Whether the files are fetched, or were there. */
  from: "hub" | "folder";
  /** What to fetch; nothing for files that were there. */
  fetch?: HubFetch;
  /** Paths, relative to the row's folder of files. */
  paths: string[];
}

/** Which files of a source are meant, as regular expressions over whole paths. */
export function patternsOf(
  { files }: CatalogueSource,
  { languageNames = {} }: Pick<CatalogueRow, "languageNames">,
  languages: readonly string[],
): { path: string; pattern: RegExp; needed: boolean }[] {
  return files.flatMap((file) => {
    const filled = file.includes("{language}")
      ? languages.map((tag) =>
        file.replaceAll("{language}", languageNames[tag] ?? tag)
      )
      : [file];
    return filled.map((path) => ({
      path,
      pattern: pathPattern(path),
      // Of several forms that a publisher may use, one is there.
      needed: !path.includes("*"),
    }));
  });
}

/** `docs-*.jsonl.gz` → what it matches; `*` stands for anything but `/`. */
export function pathPattern(path: string): RegExp {
  const escaped = path.replace(/[.+^$()|[\]\\{}?]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", "[^/]*")}$`);
}

/**
 * Which files of a source to take: those that the hub lists, or, where it can't be
 * asked or lacks one, those that somebody put into the folder.
 */
export async function chooseFiles(
  source: CatalogueSource,
  {
    row,
    languages,
    raw,
    ...options
  }: HubOptions & {
    row: CatalogueRow;
    languages: readonly string[];
    raw: string;
  },
): Promise<ChosenSource> {
  const { dataset: id, to } = source;
  const folder = to === undefined ? raw : `${raw}/${to}`;
  const prefix = to === undefined ? "" : `${to}/`;
  const patterns = patternsOf(source, row, languages);
  const wanted = (path: string) =>
    patterns.some(({ pattern }) => pattern.test(path));
  const choose = <T extends { path: string }>(files: readonly T[]) => ({
    files: files.filter(({ path }) => wanted(path)),
    lacking: patterns.find(({ needed, pattern }) =>
      needed && !files.some(({ path }) => pattern.test(path))
    )?.path,
  });
  let failure: Error;
  try {
    const asked: HubRepo = {
      type: "dataset",
      id,
      revision: row.revision ?? "main",
    };
    const commit = await hubCommit(asked, options);
    const repo = { ...asked, revision: commit ?? asked.revision };
    const { files, lacking } = choose(
      await listHubFiles(repo, { ...options, wanted }),
    );
    if (files.length > 0 && lacking === undefined) {
      return {
        dataset: id,
        commit,
        from: "hub",
        fetch: { repo, files, folder },
        paths: files.map(({ path }) => prefix + path),
      };
    }
    failure = new RangeError(
      `Cannot pull ${row.name}: ${id} on the hub lacks ${
        lacking ?? patterns[0]?.path
      }`,
    );
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    failure = error;
  }
  const there = (await filesIn(folder)).map((path) => ({ path }));
  const { files, lacking } = choose(there);
  if (files.length > 0 && lacking === undefined) {
    return {
      dataset: id,
      from: "folder",
      paths: files.map(({ path }) => prefix + path),
    };
  }
  throw new RangeError(
    `${
      failure.message.replace(/, or copy the files here by hand$/, "")
    }; or put ${
      [...new Set(patterns.map(({ path }) => path))].slice(0, 4).join(", ")
    }${
      patterns.length > 4 ? ", …" : ""
    } of ${id} into ${folder} and run this again`,
    { cause: failure },
  );
}

/** Whole files below a folder; one with a part beside it isn't. */
async function filesIn(folder: string): Promise<string[]> {
  try {
    const files = await listFiles(folder);
    return files.filter((path) =>
      !/\.part(\.etag|\.lock)?$/.test(path) &&
      !files.includes(`${path}.part`)
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
