import { z } from "zod";
import { describeIssue } from "../../base/describe_issue.ts";
import { readText } from "../../base/files/read_text.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { jsonValue } from "../../base/json_value.ts";
import type { RecordedAnswer } from "./answer_record.ts";
import { bodyOf } from "./endpoint.ts";
import { jsonSchemaOf, type LlmRequest, requestKey } from "./llm_request.ts";
import { type Llm, withForm } from "./open_llm.ts";

/**
 * Writes requests as a batch file, for people without an endpoint of their own: a
 * line for each, as OpenAI's batch interface and vLLM's `run-batch` take them. Each is
 * known by the hash under which its answer will be recorded.
 *
 * @param path The file.
 * @param requests The requests.
 * @param llm The model, and how it is asked; unless `schema` is `"native"` the form
 * of the answer is told in the prompt.
 */
export async function writeBatch(
  path: string,
  requests: readonly LlmRequest[],
  { settings }: Pick<Llm, "settings">,
): Promise<void> {
  const lines: string[] = [];
  for (const request of requests) {
    const form = jsonSchemaOf(request.schema);
    const native = settings.schema === "native";
    const body = bodyOf({
      ...settings,
      system: request.system,
      user: native ? request.user : withForm(request.user, form),
      schema: native ? form : undefined,
    });
    const line = {
      custom_id: await requestKey(request, settings),
      method: "POST",
      url: "/v1/chat/completions",
      body,
    };
    lines.push(`${JSON.stringify(line)}\n`);
  }
  await writeWhole(path, lines);
}

const output = z.object({
  custom_id: z.string().regex(/^[0-9a-f]{64}$/),
  response: z.object({
    status_code: z.number().optional(),
    body: z.object({
      model: z.string().optional(),
      choices: z.array(z.object({
        message: z.object({ content: z.string().nullable() }),
        finish_reason: z.string().nullish(),
      })).min(1),
      usage: z.object({
        prompt_tokens: z.number(),
        completion_tokens: z.number(),
      }).nullish(),
    }),
  }).nullable(),
});

/**
 * Takes the results of a batch file on record. Lines with an error, or with an answer
 * that was cut off, are counted and left out: they are asked again.
 *
 * @param path The file of results.
 * @param llm The model whose record it goes to.
 * @returns How many answers were taken, and how many lines were not.
 * @throws {SyntaxError} If a line isn't a result.
 */
export async function readBatch(
  path: string,
  { record, settings }: Pick<Llm, "record" | "settings">,
): Promise<{ taken: number; leftOut: number }> {
  const text = await readText(
    path,
    `Cannot read ${path}: there is no such file`,
  );
  const taken: RecordedAnswer[] = [];
  let leftOut = 0;
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const { custom_id: key, response } = resultOf(line, `${path}:${i + 1}`);
    const choice = response?.body.choices[0];
    const said = choice?.message.content;
    if (!said || choice?.finish_reason === "length") {
      leftOut++;
      continue;
    }
    const { prompt_tokens = 0, completion_tokens = 0 } = response?.body.usage ??
      {};
    taken.push({
      key,
      prompt: "batch",
      llm: settings.llm,
      said,
      tokensIn: prompt_tokens,
      tokensOut: completion_tokens,
    });
  }
  taken.forEach((answer) => record.add(answer));
  return { taken: taken.length, leftOut };
}

function resultOf(line: string, where: string): z.infer<typeof output> {
  let wrong = "it is not JSON";
  try {
    const value = jsonValue(line);
    const { data, error } = output.safeParse(value);
    if (data) return data;
    // Where a request failed there is an error in place of the body.
    const failed = z.object({
      custom_id: output.shape.custom_id,
      error: z.unknown(),
    }).safeParse(value);
    if (failed.data?.error) return { ...failed.data, response: null };
    wrong = describeIssue(error!.issues[0]!, value);
  } catch {
    // As said above.
  }
  throw new SyntaxError(
    `Cannot read ${where}: the line must be a result of a batch: ${wrong}; give the file of results that belongs to the one of requests`,
  );
}
