import { LogReader, type Place } from "./log_reader.ts";
import type { LossMeasure, LossObservation } from "../update/measure_losses.ts";
import { jsonValue } from "../../base/json_value.ts";
import { printable } from "../../base/printable.ts";

/** Options for {@linkcode parseLossLog}. */
export interface ParseLossLogOptions {
  /** Name of the file, for messages. @default {"loss log"} */
  path?: string;
}

/** The losses of a training run, ready for {@linkcode replayWeights}. */
export interface LossLog {
  /** Task names, shape `[K]`; absent if the log tells ids alone. */
  tasks?: string[];
  /** Rows of each task, shape `[K]`, if the log tells. */
  sizes?: number[];
  /** Weights before the first micro-batch, shape `[K]`, if the log tells. */
  weights?: number[];
  /** The measure that the weights were to be learned by, if the log tells. */
  measure?: LossMeasure;
  /** Floor of the reference losses, in the log of a run that set it. */
  referenceFloor?: number;
  /** Batch size at which that floor holds, in the log of a run that set it. */
  floorAsAt?: number;
  /** Step size on the log-weights, if the log tells. */
  eta?: number;
  /** Micro-batches of an update, if the log tells. */
  accumulate?: number;
  /** Number of tasks K: of the header, or one more than the largest id. */
  domainCount: number;
  /** The micro-batches in order, at least one. */
  lines: LossObservation[];
  /**
   * Those of each further seed of stage 1, in the log of a run with several: each is
   * replayed by itself, see `meanWeights()`.
   */
  repeats?: LossObservation[][];
  /** What was left out and why, a line each. */
  warnings: string[];
}

/**
 * Reads a log of losses that any trainer may write: JSONL, one micro-batch a
 * line, of all devices together, before the examples are weighed:
 *
 * ```json
 * {"losses": [1.5, 0.25], "reference_losses": [1, 0.5], "domains": [0, 2]}
 * ```
 *
 * `reference_losses` may be `null` or absent, but then in every line. Instead
 * of `"domains": [ids]` a line may have `"tasks": ["name", …]`, one name an
 * example; without a header, ids are then given in code-point order of names.
 * The first line may be a header with any of
 *
 * ```json
 * {"tasks": ["nq", "agnews", "xsum"], "sizes": [58800, 1000, 900], "weights": [0.5, 0.25, 0.25]}
 * ```
 *
 * where entry k is about the task with id k: names, rows, and the weights that
 * learning starts from; and with `measure`, `eta`, `accumulate`,
 * `reference_floor` and `floor_as_at`, how the weights are to be learned.
 *
 * A line may have `"step": s`, its number from 0. Then a training that was
 * resumed from a checkpoint may write on in the same log, header and all: of a
 * step that comes again the last line counts.
 *
 * The `metrics.jsonl` of a tdro run is such a log too: its lines of the stage
 * `"weights"` count.
 *
 * @param text Content of the log.
 * @param options File name for messages.
 * @returns The micro-batches and what the header says. A last line that breaks
 * off, as after a crash, is left out with a warning.
 * @throws {SyntaxError} If a line is wrong; the message begins with
 * `path:line`.
 *
 * @example Usage
 * ```ts
 * import { parseLossLog, replayWeights } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * const log = parseLossLog(
 *   `{"losses": [2, 1], "reference_losses": [1, 1], "tasks": ["nq", "agnews"]}\n`,
 * );
 * assert.deepEqual(log.tasks, ["agnews", "nq"]);
 * const { state } = replayWeights(log.lines);
 * assert.ok(state.curr[1]! > 0.5);
 * ```
 */
export function parseLossLog(
  text: string,
  { path = "loss log" }: ParseLossLogOptions = {},
): LossLog {
  return parseLossLogs([{ path, text }]);
}

/** One of several parts of a log. */
export interface LogPart {
  /** Name of the file, for messages. */
  path: string;
  /** Its content. */
  text: string;
}

/** {@linkcode parseLossLog} of a log in several parts, in the order of time. */
export function parseLossLogs(parts: readonly LogPart[]): LossLog {
  const reader = new LogReader();
  for (const part of parts) takePart(part, reader);
  const log = reader.finish();
  if (log.lines.length > 0) return log;
  const { path, text } = parts.at(-1)!;
  throw new SyntaxError(
    `${path}:${
      text.split("\n").length
    }: Cannot use the log: it has no micro-batch${
      reader.hasMetrics
        ? " of the stage weights with each example's losses; run it again with this version"
        : ""
    }`,
  );
}

function takePart({ path, text }: LogPart, reader: LogReader): void {
  const rows = text.replace(/^\ufeff/, "").split("\n");
  rows.forEach((row, i) => {
    if (row.trim() === "") return;
    const name = `${path}:${i + 1}`;
    const place: Place = {
      name,
      fail(reason) {
        throw new SyntaxError(
          `${name}: Cannot use the line: ${printable(reason)}`,
        );
      },
    };
    let value: unknown;
    try {
      value = jsonValue(row);
    } catch (error) {
      // Only what follows the last line end can still have been in writing.
      if (i === rows.length - 1) {
        reader.warnings.push(
          `${name}: the last line breaks off and is left out`,
        );
        return;
      }
      const message = (error as SyntaxError).message;
      place.fail(`not JSON: ${message}; write one whole object a line`);
    }
    reader.take(value, place);
  });
}
