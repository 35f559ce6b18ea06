import { join } from "node:path";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { inRow } from "../../base/progress_rows.ts";
import { type Strategy, strategy } from "../../dro/mod.ts";
import { disposeEncoder, type Encoder, loadEncoder } from "../../model/mod.ts";
import { readArenaArm, runArm } from "../arena/arm.ts";
import { seedBaselines } from "../arena/baselines.ts";
import type { PreparedArena } from "../arena/prepare.ts";
import type { ArenaArm } from "../arena/result.ts";
import { beginSeed, seedRows, seedSettings } from "../arena/seed.ts";
import { type DevSet, devSet } from "../dev/dev_set.ts";
import type { SettledOptions } from "../settled_lengths.ts";
import { baseEncoder, keepTokenizer } from "../stages/base_encoder.ts";
import { dropCheckpoints } from "../stages/checkpoints.ts";
import type { MinedRows } from "../stages/mine_negatives.ts";
import type { Job, JobPlan } from "./job_plan.ts";
import { doneFolder } from "./plan_folder.ts";

/** What all jobs of one seed start with. */
interface SeedStart {
  seed: number;
  base: Encoder;
  mined: MinedRows;
  dev: DevSet | undefined;
}

/** Does the jobs of an arena, one after the other; those of a seed share its start. */
export class ArenaJobs implements Disposable {
  readonly #plan: JobPlan;
  readonly #arena: PreparedArena;
  #start: SeedStart | undefined;

  /**
   * @param plan The plan.
   * @param arena The arena that it divides.
   */
  constructor(plan: JobPlan, arena: PreparedArena) {
    this.#plan = plan;
    this.#arena = arena;
  }

  /**
   * Does one job, or goes on with it.
   *
   * @param job The job.
   * @param options `out`: its folder; `signal`: stops it at the next step.
   * @returns Training rows of each task.
   */
  async *run(
    job: Job,
    { out, signal }: { out: string; signal: AbortSignal },
  ): AsyncGenerator<ProgressEvent, { sizes: number[] }> {
    const { suite, backend, settings, budget, devQueries } = this.#arena;
    const { seed } = job;
    const own = seedSettings(settings, this.#plan.identity, { seed, out });
    const { base, mined, dev } = yield* this.#startOf(own, signal);
    await keepTokenizer(own, base.tokenizer);
    const input = await beginSeed(own, {
      ...mined,
      suite,
      base,
      pooled: this.#arena.pooled,
      dev,
      signal,
      backend,
    });
    if (job.strategy === undefined) {
      yield* inRow("no training", seedBaselines(input));
    } else {
      using reference = new Reference(this.#plan, job);
      yield* inRow(
        job.strategy,
        runArm({
          input,
          budget,
          devQueries,
          strategy: strategy(job.strategy),
          reference: () => reference.load(),
          finished: (other) => this.#finished(job, other),
        }),
      );
    }
    await dropCheckpoints(out);
    return { sizes: mined.rows.map((rows) => rows.length) };
  }

  /** The arm of another strategy with the seed of a job. */
  async #finished(
    { seed }: Job,
    other: Strategy,
  ): Promise<ArenaArm | undefined> {
    const { folder, lines } = this.#plan;
    const line = lines.find((line) =>
      line.seed === seed && line.strategy === other.name
    );
    if (!line) return;
    return await readArenaArm(doneFolder(folder, line), other);
  }

  async *#startOf(
    own: SettledOptions,
    signal: AbortSignal,
  ): AsyncGenerator<ProgressEvent, SeedStart> {
    if (this.#start?.seed === own.seed) return this.#start;
    this[Symbol.dispose]();
    const { suite, sample } = this.#arena;
    const mined = yield* seedRows(own, { ...this.#arena, signal });
    return this.#start = {
      seed: own.seed,
      base: await baseEncoder(own, suite, { keep: false }),
      mined,
      dev: sample && devSet(sample, own, this.#arena.signal),
    };
  }

  /** Frees what is in memory. */
  [Symbol.dispose](): void {
    if (this.#start) disposeEncoder(this.#start.base);
    this.#start = undefined;
  }
}

/** The uniformly trained model of a job's seed, loaded when it is first needed. */
class Reference implements Disposable {
  readonly #folder: string;
  #encoder: Promise<Encoder> | undefined;
  #loaded: Encoder | undefined;

  constructor({ folder, lines }: JobPlan, { seed }: Job) {
    const uniform = lines.find((line) =>
      line.seed === seed && line.strategy === "uniform"
    )!;
    this.#folder = join(doneFolder(folder, uniform), "models", "uniform");
  }

  async load(): Promise<Encoder> {
    this.#encoder ??= loadEncoder(this.#folder);
    return this.#loaded = await this.#encoder;
  }

  [Symbol.dispose](): void {
    if (this.#loaded) disposeEncoder(this.#loaded);
  }
}
