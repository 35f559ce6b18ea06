import { line } from "../../base/printable.ts";
import { retrying } from "../../base/web/retry.ts";
import { WebFault } from "../../base/web/web_fault.ts";
import { nearest } from "../../base/nearest_names.ts";
import {
  type AnswerRecord,
  openRecord,
  type RecordedAnswer,
} from "./answer_record.ts";
import { Budget, type Spent } from "./budget.ts";
import {
  type Completed,
  type Completion,
  type Endpoint,
  openEndpoint,
} from "./endpoint.ts";
import { type LlmSettings, parseLlmOptions } from "./llm_options.ts";
import {
  jsonSchemaOf,
  type LlmRequest,
  requestKey,
  tokensOf,
} from "./llm_request.ts";
import { parseAnswer } from "./parse_answer.ts";
import { type Manners, probe } from "./probe.ts";
import { waitForServer } from "./wait_for_server.ts";

/** What {@linkcode openLlm} may be told beside the settings. */
export interface OpenLlmOptions extends Partial<LlmSettings> {
  /**
   * Only note what would be asked: for a look at the prompts, or for a batch file.
   * @default {false}
   */
  collect?: boolean;
  /** Whether there is something to record. @default {unless `collect`} */
  recording?: boolean;
  /** A server of one's own. @default {the one at `url`} */
  endpoint?: Endpoint;
  /** Told what the user should know. */
  note?: (text: string) => void;
  /** Waits between two tries. @default {until the time has passed} */
  wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A number in [0, 1) that spreads the waits. @default {`Math.random`} */
  random?: () => number;
}

/** Why a request has no answer. */
export class Unanswered extends Error {
  /** Whether the budget is spent. */
  readonly spent: boolean;
  /** Whether no other request would be answered either. */
  readonly hopeless: boolean;

  /** Says why, and what that means for other requests. */
  constructor(
    message: string,
    { spent = false, hopeless = false, cause }: {
      spent?: boolean;
      hopeless?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause });
    this.spent = spent;
    this.hopeless = hopeless;
  }
}

/** A language model that can be asked, with the record of what it answered. */
export class Llm implements AsyncDisposable {
  /** How it is asked. */
  readonly settings: LlmSettings;
  /** The server; absent where none is asked. */
  readonly endpoint: Endpoint | undefined;
  /** The record. */
  readonly record: AnswerRecord;
  /** What would have been asked, where that is all that is wanted. */
  readonly collected: LlmRequest[] | undefined;
  readonly #options: Pick<OpenLlmOptions, "wait" | "random" | "note">;
  readonly #budget: Budget;
  #manners: Promise<Manners> | undefined;

  /**
   * Puts a model together.
   *
   * @param parts As {@linkcode openLlm} makes them.
   */
  constructor({ settings, endpoint, record, collect, ...options }: LlmParts) {
    this.settings = settings;
    this.endpoint = endpoint;
    this.record = record;
    this.collected = collect ? [] : undefined;
    this.#options = options;
    this.#budget = new Budget(settings);
  }

  /** What was spent so far. */
  get spent(): Spent {
    return this.#budget.spent;
  }

  /** The limit that so much more would break, in words; `undefined` if none. */
  broken(more: Spent): string | undefined {
    return this.#budget.broken(more);
  }

  /**
   * A recorded answer; `undefined` if there is none of the form.
   *
   * @param request What would be asked.
   * @throws {Unanswered} Without a server, if it is on record that there is none.
   */
  async recall<T>(request: LlmRequest<T>): Promise<T | undefined> {
    const answer = this.record.get(await requestKey(request, this.settings));
    if (!answer) return undefined;
    if (answer.failed !== undefined) {
      if (this.settings.offline) throw new Unanswered(answer.failed);
      return undefined;
    }
    const parsed = await parseAnswer(answer.said, request.schema);
    return "value" in parsed ? parsed.value : undefined;
  }

  /**
   * Waits for the server, and finds out how it wants to be asked; once.
   *
   * @param signal Stops it.
   * @throws {RangeError} If the server can't be asked.
   */
  async begin(signal?: AbortSignal): Promise<void> {
    try {
      await (this.#manners ??= this.#greet(signal));
    } catch (error) {
      this.#manners = undefined;
      throw beginningFault(error, this.endpoint!.host);
    }
  }

  /**
   * Asks, and records what is answered.
   *
   * @param request The request.
   * @param signal Stops it.
   * @throws {Unanswered} If there is no answer of the form.
   */
  async ask<T>(request: LlmRequest<T>, signal?: AbortSignal): Promise<T> {
    await this.begin(signal);
    const { formTries } = this.settings;
    let { maxOutput } = this.settings;
    let [said, wrong] = ["", ""];
    const took = { tokensIn: 0, tokensOut: 0 };
    for (let tries = 0; tries <= formTries; tries++) {
      const sent = await this.#completion(request, { wrong, maxOutput });
      const done = await this.#sent(sent, signal);
      said = done.said;
      took.tokensIn += done.tokensIn ?? promptTokens(sent);
      took.tokensOut += done.tokensOut ?? tokensOf(said);
      const parsed = await parseAnswer(said, request.schema);
      if ("value" in parsed && !done.cut) {
        await this.#note(request, { said, ...took });
        return parsed.value;
      }
      wrong = done.cut
        ? `the answer was cut off at ${maxOutput} tokens`
        : "wrong" in parsed
        ? parsed.wrong
        : "";
      if (done.cut) maxOutput *= 2;
    }
    await this.#note(request, { said, failed: wrong, ...took });
    throw new Unanswered(wrong);
  }

  /** Lets go of the record. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.record[Symbol.asyncDispose]();
  }

  /** The request as it is sent. */
  async #completion(
    { system, user, schema }: LlmRequest,
    { wrong, maxOutput }: { wrong: string; maxOutput: number },
  ): Promise<Completion> {
    const { native, dialect } = (await this.#manners)!;
    const { llm, temperature } = this.settings;
    const form = jsonSchemaOf(schema);
    const again = wrong === ""
      ? ""
      : `\n\nAn earlier answer was no use: ${wrong}.`;
    return {
      llm,
      system,
      user: (native ? user : withForm(user, form)) + again,
      temperature,
      maxOutput,
      dialect,
      schema: native ? form : undefined,
    };
  }

  /** Sends; a fault of the network or the server is borne with. */
  async #sent(request: Completion, signal?: AbortSignal): Promise<Completed> {
    try {
      return await this.#send(request, signal);
    } catch (error) {
      throw askingFault(error);
    }
  }

  #send(request: Completion, signal?: AbortSignal): Promise<Completed> {
    const { wait, random } = this.#options;
    return retrying(() => this.#sendOnce(request, signal), {
      retries: this.settings.retries,
      ...wait && { wait },
      ...random && { random },
      ...signal && { signal },
    });
  }

  /** Sends once; what it may take is put aside before. */
  async #sendOnce(
    request: Completion,
    signal?: AbortSignal,
  ): Promise<Completed> {
    const worst = {
      tokensIn: promptTokens(request),
      tokensOut: request.maxOutput,
    };
    const broken = await this.#budget.reserve(worst);
    if (broken) throw new Unanswered(broken, { spent: true });
    let took = { tokensIn: 0, tokensOut: 0 };
    try {
      const done = await this.endpoint!.complete(request, signal);
      took = {
        tokensIn: done.tokensIn ?? worst.tokensIn,
        tokensOut: done.tokensOut ?? tokensOf(done.said),
      };
      return done;
    } finally {
      this.#budget.settle(worst, took);
    }
  }

  async #greet(signal?: AbortSignal): Promise<Manners> {
    const { llm, loadWait } = this.settings;
    const { wait, note } = this.#options;
    const names = await waitForServer(this.endpoint!, {
      loadWait,
      signal,
      ...wait && { wait },
      onWait: (reason) => note?.(line`waiting for the server: ${reason}`),
    });
    if (names?.length && !names.includes(llm)) {
      const near = nearest(llm, names).join(", ");
      note?.(line`the server doesn't list ${llm}; it lists ${near}`);
    }
    const manners = await probe(
      (request) => this.#send(request, signal),
      this.settings,
    );
    note?.(
      `the form of answers is asked for ${
        manners.native ? "by schema" : "in the prompt"
      }: ${manners.reason}`,
    );
    return manners;
  }

  async #note(
    request: LlmRequest,
    answer: Pick<
      RecordedAnswer,
      "said" | "failed" | "tokensIn" | "tokensOut"
    >,
  ): Promise<void> {
    const { settings: { llm }, record } = this;
    const key = await requestKey(request, this.settings);
    record.add({ key, prompt: request.prompt, llm, ...answer });
  }
}

/** What {@linkcode Llm} is made of. */
export interface LlmParts
  extends Pick<OpenLlmOptions, "wait" | "random" | "note"> {
  /** Settings, checked. */
  settings: LlmSettings;
  /** The server; `undefined` where none is asked. */
  endpoint: Endpoint | undefined;
  /** The record, which the model disposes of. */
  record: AnswerRecord;
  /** Whether requests are only collected. */
  collect: boolean;
}

/**
 * Opens a language model behind an OpenAI-compatible endpoint. Nothing is sent
 * before the first question. Every answer is recorded; what is on record isn't
 * asked again, and needs no server.
 *
 * @param options Settings.
 * @returns The model; dispose of it to let go of the record.
 * @throws {RangeError} If a setting is out of bounds.
 *
 * @example A recorded answer, without a server
 * ```ts
 * import { openLlm, requestKey } from "@tdro/tdro/llm";
 * import { z } from "zod";
 * import assert from "node:assert/strict";
 *
 * const request = {
 *   id: "q1", prompt: "toy/1", system: "You are brief.", user: "A colour?",
 *   schema: z.object({ colour: z.string() }), expected: 5,
 * };
 * const answers = `${await Deno.makeTempDir()}/answers.jsonl`;
 * const key = await requestKey(request, { llm: "small", temperature: 0 });
 * const line = { key, prompt: "toy/1", llm: "small", said: '{"colour": "red"}', tokensIn: 9, tokensOut: 5 };
 * await Deno.writeTextFile(answers, `${JSON.stringify(line)}\n`);
 * await using llm = await openLlm({ llm: "small", answers, offline: true });
 * assert.deepEqual(await llm.recall(request), { colour: "red" });
 * ```
 */
export async function openLlm(
  {
    collect = false,
    recording = !collect,
    endpoint: given,
    note,
    wait,
    random,
    ...input
  }: OpenLlmOptions,
): Promise<Llm> {
  const url = input.url ?? (given || collect ? "http://localhost" : undefined);
  const settings = parseLlmOptions({ ...input, ...url && { url } });
  const { offline, answers } = settings;
  const endpoint = offline || collect
    ? undefined
    : given ?? await openEndpoint(url!, settings);
  const record = await openRecord(answers, {
    readOnly: offline || !recording,
    mayLack: !offline,
  });
  const options = { note, wait, random } as Pick<
    OpenLlmOptions,
    "wait" | "random" | "note"
  >;
  return new Llm({ settings, endpoint, record, collect, ...options });
}

/** The request with the form in it, for servers that obey no schema. */
export function withForm(user: string, form: unknown): string {
  return `${user}\n\nAnswer with one JSON object that follows this JSON schema, and with nothing else:\n${
    JSON.stringify(form)
  }`;
}

/** Tokens of a prompt, with some for the chat's own marks. */
function promptTokens({ system, user, schema }: Completion): number {
  return tokensOf(system) + tokensOf(user) + 16 +
    (schema ? tokensOf(JSON.stringify(schema)) : 0);
}

/** Statuses after which no other request would be answered either. */
const HOPELESS = [301, 302, 303, 307, 308, 401, 403, 404];

function askingFault(error: unknown): unknown {
  if (!(error instanceof WebFault)) return error;
  const { message, mend, status, passing } = error;
  return new Unanswered(mend ? `${message}; ${mend}` : message, {
    hopeless: HOPELESS.includes(status ?? 0) || passing,
    cause: error,
  });
}

function beginningFault(error: unknown, host: string): unknown {
  if (!(error instanceof WebFault)) return error;
  return new RangeError(
    `Cannot ask ${host}: ${error.message}${
      error.mend ? `; ${error.mend}` : ""
    }`,
    { cause: error },
  );
}
