import { line } from "../../base/printable.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { type Spent, spentLine, withCost } from "./budget.ts";
import type { LlmSettings } from "./llm_options.ts";
import { type LlmRequest, tokensOf } from "./llm_request.ts";
import { type Llm, Unanswered } from "./open_llm.ts";

/** A request without an answer. */
export interface FailedRequest {
  /** What it was about. */
  id: string;
  /** Name and version of the prompt. */
  prompt: string;
  /** Why there is none. */
  reason: string;
}

/** Answers to some requests. */
export interface LlmAnswers<T> {
  /** Answers by id of the request. */
  answers: Map<string, T>;
  /** Requests that have none. */
  failed: FailedRequest[];
  /** How many were on record. */
  recalled: number;
}

/** Options of {@linkcode askAll}. */
export interface AskAllOptions {
  /** What the requests are for, e.g. `judging negatives`. */
  label: string;
  /** What is sent, in words, e.g. `queries and passages`. */
  what: string;
  /** Stops the work at the next answer. */
  signal?: AbortSignal | undefined;
}

/**
 * Asks a language model many things, several at once. What is on record isn't asked
 * again. Before the first request leaves, it is told where what is sent, and what
 * that takes, by an estimate that must be within the budget.
 *
 * @param llm The model.
 * @param requests The requests.
 * @param options What they are for.
 * @returns Progress; at the end answers and what failed.
 * @throws {RangeError} If the estimate is beyond the budget, the budget is spent, the
 * server can't be asked, or without a server an answer isn't on record. What was
 * answered until then is on record.
 */
export async function* askAll<T>(
  llm: Llm,
  requests: readonly LlmRequest<T>[],
  { label, what, signal }: AskAllOptions,
): AsyncGenerator<ProgressEvent, LlmAnswers<T>> {
  const { answers, failed, missing } = await recallAll(llm, requests);
  const recalled = requests.length - missing.length;
  const found = { answers, failed, recalled };
  const total = requests.length;
  const stage = missing[0]?.prompt ?? requests[0]?.prompt ?? "llm";
  if (missing.length === 0) return found;
  if (llm.collected) {
    llm.collected.push(...missing);
    return found;
  }
  if (!llm.endpoint) {
    throw new RangeError(
      `Cannot replay: ${missing.length} of ${total} answers aren't on record, the first is for ${
        missing[0]!.id
      }; leave out --offline to ask the model`,
    );
  }
  const estimate = estimateOf(missing, llm.settings);
  yield { stage, label, done: recalled, total, lines: [leaving(), told()] };
  const broken = llm.broken(estimate);
  if (broken) {
    throw new RangeError(
      `Cannot ask ${llm.endpoint.host}: the estimate is more than ${broken} allows: got ${
        spentLine(estimate)
      }; allow more, or ask less`,
    );
  }
  await llm.begin(signal);
  const asked = asking(llm, missing, signal);
  for await (const { request, answer, error } of asked) {
    if (error) {
      const { id, prompt } = request;
      failed.push({ id, prompt, reason: error.message });
    } else answers.set(request.id, answer as T);
    const note = failed.length > 0 ? `${failed.length} failed` : undefined;
    const done = answers.size + failed.length;
    yield { stage, label, done, total, ...note && { note } };
  }
  return found;

  function leaving(): string {
    const { host, local } = llm.endpoint!;
    const where = local ? `${host} on this machine` : host;
    return line`${what} are sent to ${where}, to model ${llm.settings.llm}`;
  }

  function told(): string {
    return `${label}: about ${spentLine(estimate)}${
      recalled > 0 ? `; ${recalled} answers are on record` : ""
    }`;
  }
}

async function recallAll<T>(llm: Llm, requests: readonly LlmRequest<T>[]) {
  const answers = new Map<string, T>();
  const failed: FailedRequest[] = [];
  const missing: LlmRequest<T>[] = [];
  for (const request of requests) {
    const { id, prompt } = request;
    try {
      const answer = await llm.recall(request);
      if (answer === undefined) missing.push(request);
      else answers.set(id, answer);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      failed.push({ id, prompt, reason: error.message });
    }
  }
  return { answers, failed, missing };
}

/**
 * What some requests will take, about.
 *
 * @param requests The requests.
 * @param prices Prices, for the cost.
 */
export function estimateOf(
  requests: readonly LlmRequest[],
  prices: Pick<LlmSettings, "priceIn" | "priceOut"> = {},
): Spent {
  const spent = { requests: requests.length, tokensIn: 0, tokensOut: 0 };
  for (const { system, user, expected } of requests) {
    spent.tokensIn += tokensOf(system) + tokensOf(user);
    spent.tokensOut += expected;
  }
  return withCost(spent, prices);
}

/** One request that is done. */
interface Done<T> {
  request: LlmRequest<T>;
  answer?: T;
  error?: Unanswered;
}

/** Asks several at once, and gives each as it is answered. */
async function* asking<T>(
  llm: Llm,
  requests: readonly LlmRequest<T>[],
  signal?: AbortSignal,
): AsyncGenerator<Done<T>> {
  const stop = new AbortController();
  const all = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const waiting = requests.values();
  const running = new Map<number, Promise<[number, Done<T>]>>();
  let next = 0;
  const start = () => {
    const { value: request, done } = waiting.next();
    if (done) return;
    const number = next++;
    running.set(
      number,
      llm.ask(request, all).then(
        (answer) => [number, { request, answer }],
        (error) => {
          if (error instanceof Unanswered) return [number, { request, error }];
          throw error;
        },
      ),
    );
  };
  try {
    for (let i = 0; i < llm.settings.concurrency; i++) start();
    while (running.size > 0) {
      const [number, done] = await Promise.race(running.values());
      running.delete(number);
      if (done.error?.spent || done.error?.hopeless) {
        throw stopped(done.error, llm);
      }
      start();
      yield done;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(running.values());
  }
}

function stopped({ spent, message }: Unanswered, llm: Llm): RangeError {
  const { answers } = llm.settings;
  const kept = answers === undefined
    ? ""
    : `; what was answered is in ${answers}`;
  const host = llm.endpoint!.host;
  return new RangeError(
    spent
      ? `Cannot go on asking ${host}: ${message} is spent (${
        spentLine(llm.spent)
      })${kept}: allow more, and run it again`
      : `Cannot go on asking ${host}: ${message}${kept}; run it again later`,
  );
}
