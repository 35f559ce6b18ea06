import { z } from "zod";
import { WebFault } from "../../base/web/web_fault.ts";
import type { LlmSettings } from "./llm_options.ts";
import { jsonSchemaOf } from "./llm_request.ts";
import type { Completed, Completion, Dialect } from "./endpoint.ts";
import { DIALECT } from "./endpoint.ts";

/** How a server wants to be asked. */
export interface Manners {
  /** Whether the form is asked for by the endpoint's own means. */
  native: boolean;
  /** What its fields are called. */
  dialect: Dialect;
  /** Why, in a clause. */
  reason: string;
}

const FORM = z.object({
  colour: z.string(),
  number: z.int(),
});

/** Statuses by which servers refuse a field that they don't know. */
const REFUSALS = [400, 404, 415, 422, 500, 501];

/**
 * Finds out by a request or two whether a server obeys a schema. The prompt doesn't
 * tell the form, so a right answer shows that the schema was obeyed.
 *
 * @param send Sends a request.
 * @param settings The model; whether `schema` leaves it open.
 * @throws {WebFault} If the server answers neither way.
 */
export async function probe(
  send: (request: Completion) => Promise<Completed>,
  { llm, temperature, schema }: Pick<
    LlmSettings,
    "llm" | "temperature" | "schema"
  >,
): Promise<Manners> {
  const request = {
    llm,
    temperature,
    system: "You are helpful and brief.",
    user: "Name a colour and a number from 1 to 9.",
    maxOutput: 512, // some models think first
  };
  let dialect = DIALECT;
  const ask = async (form?: Record<string, unknown>) => {
    for (;;) {
      try {
        return await send({ ...request, schema: form, dialect });
      } catch (error) {
        const other = otherDialect(error, dialect);
        if (!other) throw error;
        dialect = other;
      }
    }
  };
  if (schema === "prompt") {
    await ask();
    return { native: false, dialect, reason: "as --schema says" };
  }
  try {
    const { said } = await ask(jsonSchemaOf(FORM));
    if (schema === "native") {
      return { native: true, dialect, reason: "as --schema says" };
    }
    return obeyed(said)
      ? { native: true, dialect, reason: "the server obeys a schema" }
      : { native: false, dialect, reason: "the server passes over a schema" };
  } catch (error) {
    const refused = error instanceof WebFault &&
      REFUSALS.includes(error.status ?? 0);
    if (!refused || schema === "native") throw error;
  }
  await ask();
  return { native: false, dialect, reason: "the server refuses a schema" };
}

function obeyed(said: string): boolean {
  try {
    return FORM.safeParse(JSON.parse(said)).success;
  } catch {
    return false;
  }
}

/** Another way to say the same, where the server complains of a field. */
function otherDialect(error: unknown, dialect: Dialect): Dialect | undefined {
  if (!(error instanceof WebFault) || error.status !== 400) return;
  if (
    dialect.limit === "max_tokens" &&
    error.message.includes("max_completion_tokens")
  ) return { ...dialect, limit: "max_completion_tokens" };
  if (dialect.temperature && /\btemperature\b/.test(error.message)) {
    return { ...dialect, temperature: false };
  }
}
