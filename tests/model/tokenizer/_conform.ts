import type { TokenizerJson } from "../../../lib/model/mod.ts";
import { createTokenizer } from "../../../lib/model/mod.ts";
import { pipelineOf } from "../../../lib/model/tokenizer/pipeline.ts";
import { fromFileUrl } from "../../_paths.ts";

/** A tokenizer and texts to compare on. */
export interface Job {
  json: TokenizerJson;
  texts: readonly string[];
  /** Tokens that the cut texts keep, without those around them. */
  limit: number;
}

/** What the library in Rust makes of a job. */
interface Answer {
  error?: string;
  ids?: (number[] | null)[];
  cut?: (number[] | null)[];
  decoded?: (string | null)[];
}

/** How jobs went: each is one of these. */
export interface Tally {
  /** Tokenizers whose ids are the reference's on every text. */
  equal: number;
  /** Texts compared. */
  texts: number;
  /** Refused here, with the message. */
  refused: string[];
  /** Refused by the reference, so that there is no truth. */
  unknown: number;
  /** What differs. */
  different: {
    job: Job;
    text: string;
    want: unknown;
    got: unknown;
    what: string;
  }[];
}

/** Ids of the reference: one process for all jobs. */
export async function askReference(
  python: string,
  jobs: readonly Job[],
): Promise<Answer[]> {
  const script = fromFileUrl(new URL("./_reference.py", import.meta.url));
  const child = new Deno.Command(python, {
    args: [script],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  // Half a character can't be written as UTF-8: it is U+FFFD for everybody.
  const well = jobs.map((job) => ({
    ...job,
    texts: job.texts.map((text) => text.toWellFormed()),
  }));
  const input = new Blob([JSON.stringify({ jobs: well })]);
  await input.stream().pipeTo(child.stdin);
  const { stdout, stderr, success } = await output;
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Compares ours with the reference's answers. */
export function compare(
  jobs: readonly Job[],
  answers: readonly Answer[],
): Tally {
  const tally: Tally = {
    equal: 0,
    texts: 0,
    refused: [],
    unknown: 0,
    different: [],
  };
  jobs.forEach((job, i) => compareOne(job, answers[i]!, tally));
  return tally;
}

function compareOne(job: Job, answer: Answer, tally: Tally): void {
  let tokenizer;
  try {
    tokenizer = createTokenizer(job.json);
  } catch (error) {
    tally.refused.push((error as Error).message);
    return;
  }
  if (answer.error !== undefined) {
    tally.unknown++;
    return;
  }
  // Without the clean-up that tokenizer_config.json asks for.
  const { decode } = pipelineOf(job.json);
  const before = tally.different.length;
  const around = tokenizer.encode([""]).ids[0]!.length;
  job.texts.forEach((text, i) => {
    const check = (what: string, want: unknown, ours: () => unknown) => {
      let got: unknown = null;
      try {
        got = ours();
      } catch (error) {
        if (!/^Cannot|Unigram/.test((error as Error).message)) {
          got = String(error);
        }
      }
      if (JSON.stringify(want) !== JSON.stringify(got)) {
        tally.different.push({ job, text, want, got, what });
      }
    };
    tally.texts++;
    check("ids", answer.ids![i], () => tokenizer.encode([text]).ids[0]);
    check(
      "cut",
      answer.cut![i],
      () => tokenizer.encode([text], { maxLength: job.limit + around }).ids[0],
    );
    const ids = answer.ids![i];
    if (ids?.length && answer.decoded![i] !== null) {
      check("decoded", answer.decoded![i], () => decode(ids));
    }
  });
  if (tally.different.length === before) tally.equal++;
}
