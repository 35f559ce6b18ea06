import { WebFault } from "../../base/web/web_fault.ts";
import { retryAfter } from "../../base/web/status_fault.ts";
import { shown } from "../../base/shown.ts";
import { env, mayUse } from "../../base/permissions.ts";

/** In what servers of the same interface differ. */
export interface Dialect {
  /** The field that limits an answer's length. */
  limit: "max_tokens" | "max_completion_tokens";
  /** Whether a temperature may be given. */
  temperature: boolean;
}

/** What nearly all servers take. */
export const DIALECT: Dialect = { limit: "max_tokens", temperature: true };

/** One request, as it is sent. */
export interface Completion {
  /** Name of the model. */
  llm: string;
  /** What the model is and does. */
  system: string;
  /** The request itself. */
  user: string;
  /** JSON schema of the answer, for servers that obey one. */
  schema?: Record<string, unknown> | undefined;
  /** What the server's fields are called. @default {DIALECT} */
  dialect?: Dialect | undefined;
  /** How much chance the model may use. */
  temperature: number;
  /** Most tokens of the answer. */
  maxOutput: number;
}

/** What a server answered. */
export interface Completed {
  /** What the model said. */
  said: string;
  /** Tokens of the prompt. */
  tokensIn?: number | undefined;
  /** Tokens of the answer. */
  tokensOut?: number | undefined;
  /** Whether the answer was cut off at its limit. */
  cut: boolean;
}

/** A server with language models. */
export interface Endpoint {
  /** Where it is, for messages. */
  readonly host: string;
  /** Whether it is this machine. */
  readonly local: boolean;
  /**
   * Names of its models.
   *
   * @throws {WebFault} If it doesn't tell.
   */
  models(signal?: AbortSignal): Promise<string[]>;
  /**
   * Sends a request once.
   *
   * @throws {WebFault} If it isn't answered.
   */
  complete(request: Completion, signal?: AbortSignal): Promise<Completed>;
}

/** Options of {@linkcode openEndpoint}. */
export interface OpenEndpointOptions {
  /** Seconds that an answer may take. @default {120} */
  timeout?: number;
}

/** Variable of the key that goes along with requests. */
const KEY = "TDRO_LLM_KEY";

/**
 * A server that speaks OpenAI's chat completions. Only it is asked: what it
 * redirects to isn't. The key is read from `TDRO_LLM_KEY`, and goes over https or to
 * this machine alone.
 *
 * @param url Its base address.
 * @param options How long to wait.
 * @throws {RangeError} If the key would go unencrypted to another machine.
 * @throws {Deno.errors.NotCapable} If Deno may not connect to it.
 */
export async function openEndpoint(
  url: string,
  { timeout = 120 }: OpenEndpointOptions = {},
): Promise<Endpoint> {
  const { host, hostname, protocol } = new URL(url);
  const local = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  const key = env.get(KEY);
  if (key !== undefined && protocol !== "https:" && !local) {
    throw new RangeError(
      `Cannot ask ${host}: --url must begin with https:// where ${KEY} is set, as the key could be read on the way; unset it if the server wants none`,
    );
  }
  if (!mayUse({ name: "net", host: addressOf(url) })) {
    throw new Deno.errors.NotCapable(
      `Requires net access to "${
        addressOf(url)
      }", run again with the --allow-net flag`,
    );
  }
  const { OpenAI } = await import("openai");
  const client = new OpenAI({
    baseURL: url.replace(/\/+$/, ""),
    apiKey: key ?? "none",
    organization: null,
    project: null,
    maxRetries: 0, // ours count against the budget
    timeout: timeout * 1000,
    logLevel: "off",
    fetch: (input, init) => fetch(input, { ...init, redirect: "manual" }),
  });
  return {
    host,
    local,
    async models(signal) {
      try {
        const page = await client.models.list({ signal });
        return (page.data ?? []).map(({ id }) => `${id}`);
      } catch (error) {
        throw faultOf(error, signal);
      }
    },
    async complete(request, signal) {
      try {
        const { choices, usage } = await client.chat.completions.create(
          bodyOf(request),
          { signal },
        );
        const choice = choices?.[0];
        if (!choice) throw new WebFault("the server's answer has no choice");
        return {
          said: choice.message?.content ?? "",
          tokensIn: usage?.prompt_tokens,
          tokensOut: usage?.completion_tokens,
          cut: choice.finish_reason === "length",
        };
      } catch (error) {
        throw faultOf(error, signal);
      }
    },
  };
}

/** The body of a request; batch files have the same. */
export function bodyOf({
  llm,
  system,
  user,
  schema,
  temperature,
  maxOutput,
  dialect = DIALECT,
}: Completion) {
  return {
    model: llm,
    messages: [
      { role: "system" as const, content: system },
      { role: "user" as const, content: user },
    ],
    ...dialect.temperature && { temperature },
    [dialect.limit]: maxOutput,
    ...schema && {
      response_format: {
        type: "json_schema" as const,
        json_schema: { name: "answer", strict: true, schema },
      },
    },
  };
}

/** Host and port, as Deno's permissions name them. */
function addressOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/** Statuses below 500 that may pass. */
const PASSING = [408, 409, 425, 429];

/** What the client's error means, as a fault that says whether it may pass. */
function faultOf(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof WebFault || !(error instanceof Error)) return error;
  const { status, headers } = error as Error & {
    status?: number;
    headers?: Headers;
  };
  if (status === undefined) {
    return new WebFault(reasonOf(error), { passing: true, cause: error });
  }
  if (status >= 300 && status < 400) {
    return new WebFault("the server redirects, and texts aren't sent on", {
      status,
      mend: "give --url the address that it redirects to",
    });
  }
  return new WebFault(`the server answers ${shown(error.message)}`, {
    status,
    passing: PASSING.includes(status) || status >= 500 && status !== 501,
    waitMs: headers && retryAfter(headers),
    mend: status === 401 || status === 403
      ? `put its key into ${KEY}`
      : undefined,
    cause: error,
  });
}

/** What lies behind "Connection error". */
function reasonOf(error: Error): string {
  let innermost = error;
  while (innermost.cause instanceof Error) innermost = innermost.cause;
  return shown(
    innermost.message
      .replace(/^.*client error \(\w+\): /s, "")
      .replace(/\bhttps?:\/\/\S+/g, "the server"),
  ).slice(1, -1);
}
