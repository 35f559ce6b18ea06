import { z } from "zod";
import type { ProgressEvent } from "../../../base/progress_event.ts";
import { line, printableLines } from "../../../base/printable.ts";
import type { FailedRequest, Llm, Spent } from "../../../llm/mod.ts";
import { type LlmSettings, llmShape } from "../../../llm/client/llm_options.ts";
import type { CommandIo } from "../../io.ts";
import { checkWritable } from "../output.ts";

/** Options of all commands that ask a language model. */
export interface LlmCommandOptions extends LlmSettings {
  /** Folder with prompts of one's own. */
  wording?: string | undefined;
  /** Characters of a passage that are shown. */
  passageChars: number;
  /** Only show prompts and the estimate. */
  dryRun: boolean;
  /** File for requests that are sent otherwise. */
  batchOut?: string | undefined;
  /** File with their results. */
  batchIn?: string | undefined;
  /** Seed. */
  seed: number;
}

/** The shape of {@linkcode LlmCommandOptions}. */
export const llmCommandShape = {
  ...llmShape,
  wording: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
    .describe(
      "Folder with prompts of your own, NAME.txt; --dry-run shows the names",
    ),
  passageChars: z.int().min(40).default(2000).describe(
    "Characters of a passage that the language model is shown",
  ),
  dryRun: z.boolean().default(false).describe(
    "Show three prompts and what it takes, and send nothing",
  ),
  batchOut: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
    "Write the requests to a batch file in OpenAI's form, and send nothing",
  ),
  batchIn: z.string().min(1).optional().meta({ placeholder: "FILE" }).describe(
    "Record the results of such a file first",
  ),
  seed: z.int().min(0).default(42).describe("Seed"),
};

/** What some work with a language model came to. */
export interface LlmWork<T> {
  /** Its result. */
  value: T;
  /** Requests without an answer. */
  failed: FailedRequest[];
}

/** What {@linkcode withLlm} gives: a result, or nothing if nothing was asked. */
export interface LlmOutcome<T> extends LlmWork<T> {
  /** What was spent. */
  spent: Spent;
}

/**
 * Opens the model and the record, does some work with them, and says what was spent
 * and what failed. With `--dry-run` and `--batch-out` it only collects what would be
 * asked, shows or writes it, and gives nothing.
 *
 * @param options The command's options; `out` is what it writes.
 * @param io Where to print.
 * @param work The work.
 */
export async function withLlm<T>(
  options: LlmCommandOptions & { out?: string | undefined },
  io: CommandIo,
  work: (llm: Llm) => AsyncGenerator<ProgressEvent, LlmWork<T>>,
): Promise<LlmOutcome<T> | undefined> {
  const { openLlm, readBatch } = await import("../../../llm/mod.ts");
  const { dryRun, batchOut, batchIn, out } = options;
  const { answers = out && `${out}.answers.jsonl` } = options;
  if (batchOut !== undefined) await checkWritable(batchOut);
  const settings = Object.fromEntries(
    Object.keys(llmShape).map((name) => [
      name,
      options[name as keyof LlmSettings],
    ]),
  ) as unknown as LlmSettings;
  const collect = dryRun || batchOut !== undefined;
  await using llm = await openLlm({
    ...settings,
    answers,
    collect,
    recording: !collect || batchIn !== undefined,
    note: io.note,
  });
  if (batchIn !== undefined) {
    const { taken, leftOut } = await readBatch(batchIn, llm);
    io.note(line`${batchIn}: ${taken} answers, ${leftOut} without one`);
  }
  if (answers !== undefined) {
    io.resumeWith(
      "rerun the same command: answers on record aren't asked for again",
    );
  }
  const { value, failed } = await io.progress(work(llm));
  if (llm.collected) {
    await showCollected(llm, { ...options, io });
    return;
  }
  for (const { id, prompt, reason } of failed.slice(0, MOST_FAILED)) {
    io.note(line`no answer for ${id} (${prompt}): ${reason}`);
  }
  const more = failed.length - MOST_FAILED;
  if (more > 0) io.note(`and ${more} more without an answer; --json lists all`);
  const { spentLine } = await import("../../../llm/mod.ts");
  if (llm.endpoint) io.note(`spent: ${spentLine(llm.spent)}`);
  return { value, failed, spent: llm.spent };
}

/** Failed requests that are told one by one. */
const MOST_FAILED = 10;

/** Shows some prompts, or writes all of them. */
async function showCollected(
  llm: Llm,
  { io, batchOut, llm: name }: LlmCommandOptions & { io: CommandIo },
): Promise<void> {
  const { estimateOf, spentLine, writeBatch } = await import(
    "../../../llm/mod.ts"
  );
  const requests = llm.collected!;
  const estimate = estimateOf(requests, llm.settings);
  if (batchOut !== undefined && requests.length > 0) {
    await writeBatch(batchOut, requests, llm);
  }
  const shown = requests.slice(0, 3).map(({ id, prompt, system, user }) => ({
    id,
    prompt,
    system,
    user,
  }));
  io.result(
    { estimate, prompts: shown, batchOut },
    () =>
      requests.length === 0
        ? "Nothing is left to ask: all answers are on record"
        : batchOut !== undefined
        ? line`${requests.length} requests are in ${batchOut}; give their results to the same command by --batch-in`
        : [
          ...shown.map(({ id, prompt, system, user }) =>
            printableLines(
              `=== ${prompt} for ${id} ===\n${system}\n\n${user}\n`,
            )
          ),
          line`About ${
            spentLine(estimate)
          } of ${name}; nothing was sent. What depends on the answers is asked after them.`,
        ].join("\n"),
  );
}
