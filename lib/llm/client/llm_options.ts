import { z } from "zod";
import { describeIssue } from "../../base/describe_issue.ts";

/** How a language model is asked, all settings with their values. */
export interface LlmSettings {
  /** Base address of the endpoint, up to `/v1`. */
  url?: string | undefined;
  /** Name of the model there; answers are recorded under it. */
  llm: string;
  /** File of recorded answers. */
  answers?: string | undefined;
  /** Take recorded answers alone; nothing is sent. */
  offline: boolean;
  /** Requests at once. */
  concurrency: number;
  /** How much chance the model may use. */
  temperature: number;
  /** Most tokens of an answer. */
  maxOutput: number;
  /** Most requests to the server, retries included. */
  maxRequests?: number | undefined;
  /** Most tokens, of prompts and answers together. */
  maxTokens?: number | undefined;
  /** Most money, in the currency of the prices. */
  maxCost?: number | undefined;
  /** Price of a million tokens of prompts. */
  priceIn?: number | undefined;
  /** Price of a million tokens of answers. */
  priceOut?: number | undefined;
  /** How the form of an answer is asked for. */
  schema: "auto" | "native" | "prompt";
  /** Seconds that an answer may take. */
  timeout: number;
  /** Seconds that a server may take to load its model. */
  loadWait: number;
  /** Further tries when the server or the network fails. */
  retries: number;
  /** Further tries when an answer hasn't the form that was asked for. */
  formTries: number;
}

const count = () => z.int().min(1);
const amount = () => z.number().gt(0);

/** The object schema of {@linkcode LlmSettings}; commands extend it. */
export const llmShape = {
  url: z.url({ protocol: /^https?$/, error: "must be an http address" })
    .optional().meta({ placeholder: "ADDRESS" }).describe(
      "Base address of an OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1; the key, if it wants one, is in TDRO_LLM_KEY",
    ),
  llm: z.string().min(1).meta({ placeholder: "NAME" }).describe(
    "Name of the language model at the endpoint",
  ),
  answers: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
    "File of recorded answers, read and added to; default: beside --out",
  ),
  offline: z.boolean().default(false).describe(
    "Take recorded answers alone, and send nothing",
  ),
  concurrency: count().max(256).default(4).describe("Requests at once"),
  temperature: z.number().min(0).max(2).default(0).describe(
    "How much chance the language model may use",
  ),
  maxOutput: count().default(1024).describe("Maximum tokens of an answer"),
  maxRequests: count().optional().describe(
    "Stop before the request after these",
  ),
  maxTokens: count().optional().describe(
    "Stop before prompts and answers have more tokens",
  ),
  maxCost: amount().optional().describe(
    "Stop before it costs more; needs --price-in and --price-out",
  ),
  priceIn: z.number().min(0).optional().describe(
    "Price of a million tokens of prompts",
  ),
  priceOut: z.number().min(0).optional().describe(
    "Price of a million tokens of answers",
  ),
  schema: z.enum(["auto", "native", "prompt"]).default("auto").describe(
    "How the form of an answer is asked for: by the endpoint's own means, in the prompt, or as a trial request shows",
  ),
  timeout: amount().default(120).describe("Seconds that an answer may take"),
  loadWait: z.number().min(0).default(300).describe(
    "Seconds that a server may take to load its model",
  ),
  retries: z.int().min(0).default(6).describe(
    "Further tries when the server or the network fails",
  ),
  formTries: z.int().min(0).default(1).describe(
    "Further tries when an answer hasn't the form that was asked for",
  ),
};

const settings: z.ZodType<LlmSettings, Partial<LlmSettings>> = z.strictObject(
  llmShape,
) as never;

/**
 * Checks settings of a language model and fills in defaults.
 *
 * @param input What was given.
 * @returns All settings.
 * @throws {RangeError} If one is unknown or out of bounds, prices are missing, or
 * neither an address nor recorded answers are named.
 *
 * @example Usage
 * ```ts
 * import { parseLlmOptions } from "@tdro/tdro/llm";
 * import assert from "node:assert/strict";
 *
 * const { concurrency } = parseLlmOptions({ llm: "small", url: "http://127.0.0.1:8000/v1" });
 * assert.equal(concurrency, 4);
 * assert.throws(() => parseLlmOptions({ llm: "small" }), /--url/);
 * ```
 */
export function parseLlmOptions(input: Partial<LlmSettings>): LlmSettings {
  const { data, error } = settings.safeParse(input);
  if (error) {
    throw new RangeError(
      `Cannot ask a language model: ${
        describeIssue(error.issues[0]!, input).replace("the line", "settings")
      }`,
    );
  }
  const { url, offline, answers, maxCost, priceIn, priceOut } = data;
  const wrong = url === undefined && !offline
    ? "--url must name an endpoint; or take recorded answers alone, by --offline"
    : offline && answers === undefined
    ? "--answers must name the recorded answers that --offline takes"
    : maxCost !== undefined && (priceIn === undefined || priceOut === undefined)
    ? "--max-cost needs --price-in and --price-out"
    : undefined;
  if (wrong) throw new RangeError(`Cannot ask a language model: ${wrong}`);
  return data;
}
