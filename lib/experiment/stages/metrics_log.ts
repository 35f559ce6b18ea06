import { readTextIfThere } from "../../base/files/read_text.ts";
import { join } from "node:path";
import { z } from "zod";
import { nameOfToday } from "../../base/earlier_names.ts";
import { describeIssue } from "../../base/describe_issue.ts";
import { exists } from "../../base/files/exists.ts";
import { syncFile } from "../../base/files/sync.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import type { PackedLosses } from "../../dro/mod.ts";
import { jsonValue } from "../../base/json_value.ts";

/** One line of `metrics.jsonl`: what one update did. */
export interface MetricsLine {
  /** Stage of the run. */
  stage: string;
  /** Number of the update within its stage, from 0. */
  step: number;
  /** Mean of what was differentiated. */
  loss: number;
  /** Mean loss by task name, of the tasks in the update. */
  lossByTask: Record<string, number>;
  /** The same of the reference model (stage 1). */
  referenceLossByTask?: Record<string, number>;
  /** Domain weights after the update, in the suite's order (stage 1). */
  weights?: number[];
  /** Weights that the other measure would give on the same losses (stage 1). */
  otherWeights?: number[];
  /** Losses of every example, from which the weights can be learned again (stage 1). */
  examples?: PackedLosses;
  /** Norm of all gradients before clipping. */
  gradNorm: number;
  /** Learning rate. */
  learningRate: number;
  /** Tokens encoded, padding left out. */
  tokens: number;
  /** Wall time in seconds. */
  seconds: number;
}

const number = z.number();

/** What a line must hold for whoever reads it. */
const schema = z.looseObject({
  stage: z.string(),
  step: z.int().min(0),
  loss: number.nullable(),
  lossByTask: z.record(z.string(), number.nullable()).optional(),
  referenceLossByTask: z.record(z.string(), number.nullable()).optional(),
  weights: z.array(number).optional(),
  examples: z.looseObject({
    losses: z.array(number),
    references: z.array(number).nullable(),
    domains: z.array(z.int().min(0)),
  }).optional(),
});

/** The log of a run: a line per update, appended as it happens. */
export class MetricsLog {
  readonly #path: string;

  /** @param folder The run's folder. */
  constructor(folder: string) {
    this.#path = join(folder, "metrics.jsonl");
  }

  /** Appends one line. */
  async append(line: MetricsLine): Promise<void> {
    await Deno.writeTextFile(this.#path, JSON.stringify(line) + "\n", {
      append: true,
    });
  }

  /** Makes what was appended last, also through a power cut. */
  async sync(): Promise<void> {
    if (await exists(this.#path)) await syncFile(this.#path);
  }

  /**
   * Forgets the lines of a stage from some step on, before the run goes on
   * from a checkpoint; also a last line that was torn.
   */
  async rewind(stage: string, step: number): Promise<void> {
    const kept = (await this.lines())
      .filter((l) => l.stage !== stage || l.step < step);
    await writeWhole(
      this.#path,
      kept.map((l) => JSON.stringify(l) + "\n").join(""),
    );
  }

  /**
   * All whole lines.
   *
   * @throws {SyntaxError} If one isn't a line of this log.
   */
  async lines(): Promise<MetricsLine[]> {
    const text = await readTextIfThere(this.#path, { torn: true }) ?? "";
    return text.split("\n").slice(0, -1).flatMap((line, i) => {
      let value: unknown;
      try {
        value = jsonValue(line);
      } catch {
        return []; // torn by an interruption, and written anew
      }
      const { error } = schema.safeParse(value);
      if (!error) {
        const made = value as MetricsLine;
        return [{ ...made, stage: nameOfToday(made.stage) }];
      }
      throw new SyntaxError(
        `${this.#path}:${i + 1}: Cannot use the line: ${
          describeIssue(error.issues[0]!, value)
        }; remove the line`,
      );
    });
  }
}
