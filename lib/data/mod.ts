/**
 * What a task is, and how it gets in and out of files: BEIR folders, training
 * files of the reference implementation (JSONL), TREC runs and judgments.
 *
 * @example A suite, its training rows, and what the encoder gets
 * ```ts
 * import { passageText, queryText, type Suite, trainExamples } from "@tdro/tdro/data";
 * import assert from "node:assert/strict";
 *
 * const suite: Suite = {
 *   name: "demo",
 *   tasks: [{
 *     name: "capitals", prompt: "Find the capital", language: "en", kind: "faq",
 *     license: "CC0-1.0", source: "",
 *     corpus: new Map([["p", { id: "p", text: "Paris is the capital of France." }]]),
 *     queries: new Map([["q", { id: "q", text: "capital of France" }]]),
 *     qrels: { train: new Map([["q", new Map([["p", 1]])]]) },
 *   }],
 * };
 * const { query, positives } = trainExamples(suite)[0]![0]!;
 * assert.equal(
 *   queryText(suite.tasks[0]!.prompt, query.text),
 *   "Instruct: Find the capital\nQuery: capital of France",
 * );
 * assert.equal(passageText(positives[0]!), "Paris is the capital of France.");
 * ```
 *
 * @module
 */
export {
  type Download,
  downloadFile,
  type DownloadOptions,
} from "../base/download.ts";
export type { ExpectedFile } from "../base/web/expected_file.ts";
export type { Patience } from "../base/web/retry.ts";
export {
  type Passage,
  type Qrels,
  type Query,
  type Run,
  type SplitName,
  SPLITS,
  type Suite,
  type Task,
  type TaskInfo,
  type TrainExample,
} from "./types.ts";
export type { BenchmarkSet } from "./benchmarks/benchmark_set.ts";
export {
  openBeirSet,
  type OpenBeirSetOptions,
} from "./benchmarks/open_beir_set.ts";
export { openCorpus } from "./benchmarks/open_corpus.ts";
export {
  openIdTables,
  type OpenIdTablesOptions,
} from "./benchmarks/open_id_tables.ts";
export {
  MIRACL_LANGUAGES,
  openMiracl,
  type OpenMiraclOptions,
} from "./benchmarks/open_miracl.ts";
export {
  MKQA_LANGUAGES,
  type MkqaQuestion,
  type MkqaQuestions,
  openMkqa,
} from "./benchmarks/open_mkqa.ts";
export { readJudgments } from "./benchmarks/read_judgments.ts";
export { readPairs, type ReadPairsOptions } from "./benchmarks/read_pairs.ts";
export { readTopics } from "./benchmarks/read_topics.ts";
export {
  catalogue,
  type CatalogueRow,
  catalogueRow,
  catalogueRows,
  type CatalogueSource,
  parseCatalogue,
} from "./pull/catalogue.ts";
export {
  checkSuite,
  type CheckSuiteOptions,
  type SuiteCheck,
  type TaskScripts,
  type TextCopies,
} from "./check/check_suite.ts";
export type { CheckName, Finding } from "./check/finding.ts";
export { scriptShares } from "./check/script_shares.ts";
export {
  type LengthSummary,
  type TextLength,
  textLengths,
  type TextLengthsOptions,
} from "./check/text_lengths.ts";
export {
  type CleanedQuery,
  type CleanedSuite,
  type CleanedTask,
  type CleanOptions,
  cleanSuite,
} from "./clean/clean_suite.ts";
export {
  findNearQueries,
  findRepeatedQueries,
  type NearQuery,
  type NearQueryOptions,
  type QueryPlace,
} from "./clean/find_near_queries.ts";
export { writeCleanedSuite } from "./clean/write_cleaned_suite.ts";
export { hammingDistance, simhash, simhasher } from "../base/texts/simhash.ts";
export {
  SimhashIndex,
  type SimhashIndexOptions,
  type SimhashMatch,
} from "./clean/simhash_index.ts";
export { compareCodePoints } from "../base/compare_code_points.ts";
export type { HubOptions } from "../base/hub_files.ts";
export { normaliseText } from "../base/texts/normalise_text.ts";
export { type Listing, listTask } from "./beir/list_task.ts";
export {
  openSuite,
  type OpenSuiteOptions,
  unlistedTasks,
} from "./beir/open_suite.ts";
export { openTask } from "./beir/open_task.ts";
export { passageText } from "../base/texts/passage_text.ts";
export { earlierPull, type PlannedPull } from "./pull/earlier_pull.ts";
export {
  pullDataset,
  type PullDatasetOptions,
  type PullDatasetProgress,
  type PulledDataset,
} from "./pull/pull_dataset.ts";
export { queryText } from "../base/texts/query_text.ts";
export { readBeirCorpus } from "./beir/read_beir_corpus.ts";
export {
  readBeirQrels,
  type ReadBeirQrelsOptions,
} from "./beir/read_beir_qrels.ts";
export {
  type JsonlRow,
  type LineIssue,
  type LineSchema,
  readJsonl,
  type ReadJsonlOptions,
} from "./beir/read_jsonl.ts";
export { readTdroJsonl } from "./tdro/read_tdro_jsonl.ts";
export type { GradeOptions } from "./trec/columns.ts";
export { readTrecQrels } from "./trec/read_trec_qrels.ts";
export { readTrecRun } from "./trec/read_trec_run.ts";
export { type SuiteRow, suiteRows } from "./beir/suite_rows.ts";
export {
  type Import,
  importDifference,
  openImport,
  type OpenImportOptions,
  readImportRecord,
} from "./tables/open_import.ts";
export type {
  ImportedFile,
  ImportRecord,
  ReadSplit,
  TakenColumns,
  UnusedColumn,
} from "./tables/import_record.ts";
export { openTable, type OpenTableOptions } from "./tables/open_table.ts";
export { type ReadTableOptions } from "./tables/read_options.ts";
export {
  suiteFromFile,
  type SuiteFromFileOptions,
  suiteFromRows,
  type SuiteFromRowsOptions,
} from "./tables/suite_from_table.ts";
export type { ClassNames } from "./tables/class_names.ts";
export type { Table, TableFile, TableRow, UnusedFile } from "./tables/table.ts";
export type { TableColumns, TableTaskOptions } from "./tables/table_options.ts";
export {
  taskFromFile,
  type TaskFromFileOptions,
} from "./tables/task_from_file.ts";
export { type RowSource, taskFromRows } from "./tables/task_from_rows.ts";
export {
  devSample,
  type DevSampleOptions,
  type HeldOut,
  holdOutDev,
  type HoldOutDevOptions,
  tasksWithoutDev,
} from "./dev_sample.ts";
export { trainExamples, type TrainExamplesOptions } from "./train_examples.ts";
export { writeBeirQrels, writeTrecQrels } from "./beir/write_qrels.ts";
export { writeSuite, type WriteSuiteOptions } from "./beir/write_suite.ts";
export { writeTask } from "./beir/write_task.ts";
export { tdroJsonLine, writeTdroJsonl } from "./tdro/write_tdro_jsonl.ts";
export {
  writeTrecRun,
  type WriteTrecRunOptions,
} from "./trec/write_trec_run.ts";
export { writeWhole } from "../base/files/write_whole.ts";
export type { Progress, ProgressEvent } from "../base/progress_event.ts";
