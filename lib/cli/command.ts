import type { z } from "zod";
import type { CommandIo } from "./io.ts";

/** A command line that works, with what it's for. */
export interface CommandExample {
  /** What it does, one line. */
  about: string;
  /** The whole line, from `tdro` on. */
  line: string;
}

/**
 * One command. Its flags, its help text and its keys in a `--config` file all
 * come from `options`: `learningRate: z.number().gt(0).default(1e-4)` becomes
 * `--learning-rate NUMBER`, an object within becomes `--train.learning-rate`.
 * `.describe()` gives the help text, `.meta({ placeholder: "FILE" })` the word
 * for the value.
 *
 * A command's module exports it as `command` and imports the rooms that it needs
 * only inside `run`, so that `--help` needn't load them.
 */
export interface Command<Options = unknown> {
  /** Words after `tdro`, e.g. `"weights show"`. */
  name: string;
  /** What it does, one line without a full stop. */
  summary: string;
  /** More about it, for its help text. */
  details?: string;
  /** Lines that work. */
  examples: readonly CommandExample[];
  /** Strict object schema of the options. */
  options: z.ZodType<Options>;
  /**
   * Keys of `options` that are given without a flag, in order; the last one may
   * be an array, which takes all that's left.
   */
  operands?: readonly string[];
  /**
   * Whether several processes can work at it: it then has the option `workers`,
   * which `run` doesn't get.
   */
  severalProcesses?: boolean;
  /**
   * Does the work.
   *
   * @param options Validated options, defaults filled in.
   * @param io Where to print, and whether Ctrl-C was pressed.
   * @returns The exit code; nothing means 0.
   */
  run(options: Options, io: CommandIo): Promise<number | void>;
}
