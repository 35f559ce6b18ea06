/**
 * A language model behind any OpenAI-compatible endpoint, as a helper for retrieval
 * data. Every answer is recorded under a hash of what was asked, so that work goes on
 * where it stopped, and runs replay without a server.
 *
 * @example What is said, read as the form that was asked for
 * ```ts
 * import { parseAnswer } from "@tdro/tdro/llm";
 * import { z } from "zod";
 * import assert from "node:assert/strict";
 *
 * const said = '<think>Let me see…</think> {"colour": "red"';
 * const parsed = await parseAnswer(said, z.object({ colour: z.string() }));
 * assert.deepEqual(parsed, { value: { colour: "red" }, repaired: true });
 * ```
 *
 * @module
 */
export {
  type AnswerRecord,
  openRecord,
  type OpenRecordOptions,
  type RecordedAnswer,
} from "./client/answer_record.ts";
export {
  askAll,
  type AskAllOptions,
  estimateOf,
  type FailedRequest,
  type LlmAnswers,
} from "./client/ask_all.ts";
export { readBatch, writeBatch } from "./client/batch_files.ts";
export { type Spent, spentLine } from "./client/budget.ts";
export type {
  Completed,
  Completion,
  Dialect,
  Endpoint,
} from "./client/endpoint.ts";
export { type LlmSettings, parseLlmOptions } from "./client/llm_options.ts";
export {
  type AnswerForm,
  type AskedWith,
  type LlmRequest,
  requestKey,
} from "./client/llm_request.ts";
export {
  Llm,
  type LlmParts,
  openLlm,
  type OpenLlmOptions,
  Unanswered,
} from "./client/open_llm.ts";
export { parseAnswer, type ParsedAnswer } from "./client/parse_answer.ts";
export {
  type JudgeCounts,
  type JudgedNegatives,
  judgeNegatives,
  type JudgeNegativesOptions,
} from "./judge/judge_negatives.ts";
export {
  type Wording,
  type WordingName,
  wordingOf,
} from "./prompts/wording.ts";
export {
  type GeneratedQueries,
  type GeneratedQuery,
  type GeneratedQueryCounts,
  generateQueries,
  type GenerateQueriesOptions,
  QUERY_WISHES,
  type QueryWishes,
} from "./queries/generate_queries.ts";
export {
  generateNegatives,
  type GenerateNegativesOptions,
  type NegativesFrom,
} from "./passages/generate_negatives.ts";
export { generatePassages } from "./passages/generate_passages.ts";
export type {
  GeneratedPassage,
  GeneratedPassages,
  GenerateOptions,
} from "./passages/generated_passage.ts";
export {
  separability,
  type SeparabilityOptions,
} from "./checks/separability.ts";
export {
  type SimilarityHistogram,
  similarityHistogram,
  type TextChecks,
  textChecks,
} from "./checks/text_checks.ts";
export type { RandomSource } from "../base/random_source.ts";
export type { LineIssue } from "../base/describe_issue.ts";
export type { Progress, ProgressEvent } from "../base/progress_event.ts";
