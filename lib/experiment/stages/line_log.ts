import { join } from "node:path";
import type { z } from "zod";
import { nameOfToday } from "../../base/earlier_names.ts";
import { describeIssue } from "../../base/describe_issue.ts";
import { exists } from "../../base/files/exists.ts";
import { readTextIfThere } from "../../base/files/read_text.ts";
import { refuseLink } from "../../base/files/refuse_link.ts";
import { syncFile } from "../../base/files/sync.ts";
import { withPath, writeWhole } from "../../base/files/write_whole.ts";
import { jsonValue } from "../../base/json_value.ts";

/** What every line of a log tells. */
export interface StageLine {
  /** Stage of the run. */
  stage: string;
  /** Where within the stage. */
  step: number;
}

/** A log of a run: JSON lines, appended as it happens. */
export class LineLog<Line extends StageLine> {
  readonly #path: string;
  readonly #schema: z.ZodType;
  /** The file as this process left it, once it has written to it. */
  #written: { ino: number | null; size: number } | undefined;

  /**
   * @param folder The run's folder.
   * @param name Name of the file.
   * @param schema What a line must hold for whoever reads it.
   */
  constructor(folder: string, name: string, schema: z.ZodType) {
    this.#path = join(folder, name);
    this.#schema = schema;
  }

  /**
   * Appends one line.
   *
   * @throws {RangeError} If the file isn't the one that was written to before: its
   * lines would be missing in silence.
   */
  async append(line: Line): Promise<void> {
    using file = await this.#open();
    const { ino, size } = await file.stat();
    const before = this.#written ?? { ino, size };
    // A new file may get the number of the one that was removed.
    if (ino !== before.ino || size !== before.size) throw this.#gone();
    const bytes = new TextEncoder().encode(JSON.stringify(line) + "\n");
    await writeAll(file, this.#path, bytes);
    this.#written = { ino, size: size + bytes.length };
  }

  async #open(): Promise<Deno.FsFile> {
    const create = this.#written === undefined;
    if (create) await refuseLink(this.#path);
    try {
      return await Deno.open(this.#path, { append: true, create });
    } catch (error) {
      if (create || !(error instanceof Deno.errors.NotFound)) throw error;
      throw this.#gone();
    }
  }

  #gone(): RangeError {
    return new RangeError(
      `Cannot go on: ${this.#path} was removed or replaced while this command was writing to it; run the same command again`,
    );
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
    this.#written = undefined; // it is another one now
  }

  /**
   * All whole lines; none if there is no such file.
   *
   * @throws {SyntaxError} If one isn't a line of this log.
   */
  async lines(): Promise<Line[]> {
    const text = await readTextIfThere(this.#path, { torn: true }) ?? "";
    return text.split("\n").slice(0, -1).flatMap((line, i) => {
      let value: unknown;
      try {
        value = jsonValue(line);
      } catch {
        return []; // torn by an interruption, and written anew
      }
      const { error } = this.#schema.safeParse(value);
      if (!error) {
        const made = value as Line;
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

async function writeAll(
  file: Deno.FsFile,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
  } catch (error) {
    throw withPath(error, path);
  }
}
