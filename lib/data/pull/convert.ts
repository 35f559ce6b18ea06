import { SPLITS } from "../types.ts";
import type { BenchmarkSet } from "../benchmarks/benchmark_set.ts";
import { openBeirSet } from "../benchmarks/open_beir_set.ts";
import { openCorpus } from "../benchmarks/open_corpus.ts";
import { openIdTables } from "../benchmarks/open_id_tables.ts";
import { openMiracl } from "../benchmarks/open_miracl.ts";
import { MKQA_LANGUAGES, openMkqa } from "../benchmarks/open_mkqa.ts";
import { readPairs } from "../benchmarks/read_pairs.ts";
import type { CatalogueRow } from "./catalogue.ts";
import { readTdroJsonl } from "../tdro/read_tdro_jsonl.ts";
import { openTable } from "../tables/open_table.ts";
import { textOf } from "../tables/cells.ts";
import type { SplitName, TrainExample } from "../types.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { ExampleWriter } from "./example_writer.ts";
import { TaskWriter } from "./task_writer.ts";
import { own } from "../../base/own.ts";

/** What is to be made of which files. */
export interface Conversion {
  row: CatalogueRow;
  /** Folder of the published files. */
  raw: string;
  /** The files themselves, below it. */
  paths: readonly string[];
  /** Folder to fill. */
  out: string;
  /** Languages wanted, by their tags. */
  languages: readonly string[];
  /** Most training rows that are read. */
  limit: number;
  /** Called with the rows written so far. */
  onProgress(done: number): void;
}

type Converter = (work: Conversion, writer: TaskWriter) => Promise<void>;

/** Loader of the catalogue → how its files become a task folder. */
const CONVERTERS: Record<string, Converter> = {
  openBeirSet: convertBeir,
  openIdTables: (work, writer) =>
    convertJudged([["", (split) => openIdTables(work.raw, { split })]], {
      work,
      writer,
    }),
  openMiracl: convertMiracl,
  readPairs: (work, writer) =>
    convertExamples(
      work,
      writer,
      (path) => readPairs(path, { limit: work.limit }),
    ),
  readTdroJsonl: (work, writer) =>
    convertExamples(work, writer, (path) => readTdroJsonl(path, 0)),
  taskFromFile: (work, writer) =>
    convertExamples(work, writer, (path) => readColumns(path, work.row)),
  openMkqa: convertMkqa,
};

/** Whether the row's files can be made a folder. */
export function canConvert({ loader }: CatalogueRow): boolean {
  return loader !== null && Object.hasOwn(CONVERTERS, loader);
}

/** Makes a task folder of published files; row by row, so that it may be large. */
export async function convert(work: Conversion): Promise<TaskWriter["counts"]> {
  const { row, out } = work;
  const writer = new TaskWriter(out);
  try {
    await CONVERTERS[row.loader!]!(work, writer);
    await writer.finish({
      name: row.name.slice(row.name.indexOf("/") + 1),
      prompt: row.prompt.query[0]!,
      language: work.languages.length === 1
        ? work.languages[0]!
        : [...work.languages],
      kind: row.prompt.passage === "same" ? "symmetric" : "question-passage",
      license: row.license,
      source: row.sources.map(({ dataset }) => dataset).join(", "),
      transform: `${row.format} by tdro data pull ${row.name}`,
    });
    return writer.counts;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** BEIR's form: all of the corpus, the judged queries of all splits. */
async function convertBeir(
  { row, raw, onProgress }: Conversion,
  writer: TaskWriter,
): Promise<void> {
  const sets: [SplitName, BenchmarkSet][] = [];
  for (const split of SPLITS) {
    const set = await openSplit(() => openBeirSet(raw, { split }));
    // A benchmark's only split is its test, whatever it is called (NanoBEIR).
    if (set) {
      sets.push([
        split === row.split && split === "train" ? "test" : split,
        set,
      ]);
    }
  }
  const [first] = sets;
  // Says what is missing.
  const whole = first?.[1] ?? await openBeirSet(raw);
  await writeQueries(sets, writer);
  for await (const passage of whole.passages()) {
    await writer.passage(passage);
    onProgress(writer.counts.passages);
  }
}

async function writeQueries(
  sets: readonly (readonly [SplitName, BenchmarkSet])[],
  writer: TaskWriter,
  prefix = "",
): Promise<void> {
  const written = new Set<string>();
  for (const [split, { queries, qrels }] of sets) {
    for (const query of queries.values()) {
      if (written.has(query.id)) continue;
      written.add(query.id);
      await writer.query({ ...query, id: prefix + query.id });
    }
    for (const [query, grades] of qrels) {
      for (const [passage, grade] of grades) {
        await writer.judgment(split, {
          query: prefix + query,
          passage: prefix + passage,
          grade,
        });
      }
    }
  }
}

/** MIRACL: a language with its whole corpus, or several with what is judged. */
async function convertMiracl(
  work: Conversion,
  writer: TaskWriter,
): Promise<void> {
  const { row, raw, languages, onProgress } = work;
  const open = (language: string, split: string) =>
    openMiracl(raw, language, { split, lineEnd: false });
  if (row.kind === "training") {
    return await convertJudged(
      languages.map((language) => [
        `${language}:`,
        (split) => open(language, split),
      ]),
      { work, writer },
    );
  }
  const set = await open(languages[0]!, row.split ?? "dev");
  await writeQueries([[row.split as SplitName ?? "dev", set]], writer);
  for await (const passage of set.passages()) {
    await writer.passage(passage);
    onProgress(writer.counts.passages);
  }
}

/** Training sets with large corpora: only the judged passages are kept. */
async function convertJudged(
  parts: readonly (readonly [
    prefix: string,
    open: (split: string) => Promise<BenchmarkSet>,
  ])[],
  { work: { onProgress }, writer }: { work: Conversion; writer: TaskWriter },
): Promise<void> {
  let seen = 0;
  for (const [prefix, open] of parts) {
    const set = await open("train");
    await writeQueries([["train", set]], writer, prefix);
    const judged = new Set(
      [...set.qrels.values()].flatMap((grades) => [...grades.keys()]),
    );
    for await (const passage of set.passages()) {
      if (judged.delete(passage.id)) {
        await writer.passage({ ...passage, id: prefix + passage.id });
      }
      onProgress(++seen);
    }
    if (judged.size > 0) {
      throw new SyntaxError(
        `Cannot use the files: ${judged.size} judged passages must be in the corpus: got none of ${
          JSON.stringify([...judged][0])
        }; is every part of the corpus there?`,
      );
    }
  }
}

/** Files of training rows. */
async function convertExamples(
  { raw, paths, limit, onProgress }: Conversion,
  writer: TaskWriter,
  read: (path: string) => AsyncIterable<TrainExample>,
): Promise<void> {
  let rows = 0;
  const examples = new ExampleWriter(writer);
  try {
    for (const path of paths) {
      if (rows >= limit) break;
      const split = /(^|[/-])(dev|validation)[.-]/.test(path) ? "dev" : "train";
      for await (const row of read(`${raw}/${path}`)) {
        await examples.write(split, row);
        onProgress(++rows);
        if (rows >= limit) break;
      }
    }
    await examples.finish();
  } catch (error) {
    await examples.abort();
    throw error;
  }
}

/** Rows of a table with two columns that matter; those with an empty one are left out. */
async function* readColumns(
  path: string,
  { columns }: CatalogueRow,
): AsyncGenerator<TrainExample> {
  const { query, passage } = columns!;
  const table = await openTable(path);
  let number = 0;
  for await (const { cells, where } of table.rows([query, passage])) {
    number++;
    const [asked, found] = [query, passage].map((name) =>
      textOf(own(cells, name), where, name)
    );
    if (!asked || !found) continue;
    yield {
      domain: 0,
      query: { id: `${number}`, text: asked },
      positives: [{ id: `${number}`, text: found }],
      negatives: [],
    };
  }
}

/** MKQA has no judgments: a file a language, beside the corpus. */
async function convertMkqa(
  { raw, out, languages, onProgress }: Conversion,
  writer: TaskWriter,
): Promise<void> {
  const codes = languages.map((tag) => tag.toLowerCase().replace("-", "_"));
  const questions = await openMkqa(
    raw,
    codes.length === MKQA_LANGUAGES.length ? [] : codes,
  );
  for (const [language, rows] of questions) {
    await writeWhole(
      `${out}/test/${language}.jsonl`,
      rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
    );
    writer.counts.queries += rows.length;
  }
  for await (const passage of (await openCorpus(raw))()) {
    await writer.passage(passage);
    onProgress(writer.counts.passages);
  }
}

/** The set, or nothing if the split isn't there. */
async function openSplit(
  open: () => Promise<BenchmarkSet>,
): Promise<BenchmarkSet | undefined> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
