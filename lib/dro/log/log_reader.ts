import { z } from "zod";
import { isWeightStage } from "../../base/weight_stage.ts";
import { LOSS_MEASURES } from "../../base/loss_measures.ts";
import type { LossObservation } from "../update/measure_losses.ts";
import { unpackLosses } from "./pack_losses.ts";
import type { LossLog } from "./parse_loss_log.ts";

/** How far below 0 rounding can put a loss that is really 0. */
const loss = z.number().min(-1e-3);
const losses = z.array(loss).min(1);
const ids = z.array(z.int().min(0));

const batchSchema = z.strictObject({
  step: z.int().min(0).optional(),
  losses,
  reference_losses: z.array(loss).nullish(),
  domains: ids.optional(),
  tasks: z.array(z.string()).optional(),
});

const headerSchema = z.strictObject({
  tasks: z.array(z.string()).min(1).optional(),
  sizes: z.array(z.int().min(1)).min(1).optional(),
  weights: z.array(z.number().min(0)).min(1).optional(),
  measure: z.enum(LOSS_MEASURES).optional(),
  eta: z.number().min(0).optional(),
  accumulate: z.int().min(1).optional(),
  reference_floor: z.number().gt(0).optional(),
  floor_as_at: z.int().min(1).optional(),
});

type Header = z.infer<typeof headerSchema>;
const HEADER_KEYS = Object.keys(headerSchema.shape) as (keyof Header)[];

/** What of a header has an entry for each task. */
const LISTS = ["tasks", "sizes", "weights"] as const;

/**
 * By how much an id may exceed the number of losses where nothing tells how many
 * tasks there are: room for tasks that a short log leaves out.
 */
const SPARE_IDS = 1000;

/** A line of a tdro run's `metrics.jsonl`; it holds much more. */
const metricsSchema = z.object({
  stage: z.string(),
  weights: z.array(z.number()).optional(),
  examples: z.object({
    losses,
    references: z.array(loss).nullable(),
    domains: ids,
  }).optional(),
});

/** Where a line stands, and what to do if it's wrong. */
export interface Place {
  /** File and line. */
  name: string;
  fail(reason: string): never;
}

/** Takes in the lines of a loss log one by one, checked. */
export class LogReader {
  readonly #batches: {
    losses: number[];
    referenceLosses: number[] | null;
    domains: number[] | null;
    tasks: string[] | null;
  }[] = [];
  /** Those of a run's own log, by the name of their stage. */
  readonly #observations = new Map<string, LossObservation[]>();
  #header: Header | undefined;
  /** Names in the header. */
  readonly #named = new Set<string>();
  #domains = 0;
  #largest = -1;
  /** Where the largest id stands. */
  #largestAt: Place | undefined;
  #losses = 0;
  /** Whether the lines say which step they are of. */
  #numbered = false;
  /** What was left out and why. */
  readonly warnings: string[] = [];
  /** Whether there was a line of a run's `metrics.jsonl`. */
  hasMetrics = false;

  /** Takes in one line. */
  take(value: unknown, place: Place): void {
    const isObject = typeof value === "object" && value !== null;
    if (isObject && "stage" in value) return this.#takeMetrics(value, place);
    if (isObject && !("losses" in value) && this.#mayBeHeader()) {
      return this.#takeHeader(value, place);
    }
    this.#takeBatch(checked(batchSchema, value, place), place);
  }

  /** The first line, or where a resumed training or another file begins. */
  #mayBeHeader(): boolean {
    return this.#header !== undefined ||
      this.#batches.length + this.#observations.size === 0;
  }

  #takeHeader(value: unknown, place: Place): void {
    const header = checked(headerSchema, value, place);
    if (this.#header) return this.#refuseOther(header, place);
    const lists = LISTS.flatMap((name) => {
      const list = header[name];
      return list ? [[name, list] as const] : [];
    });
    const [first] = lists;
    if (!first) place.fail("a header needs tasks, sizes or weights");
    for (const [name, list] of lists) {
      if (list.length !== first[1].length) {
        place.fail(
          `${name} must have as many entries as ${first[0]}, ${
            first[1].length
          }: got ${list.length}`,
        );
      }
    }
    for (const name of header.tasks ?? []) {
      if (this.#named.has(name)) {
        place.fail(`the task ${JSON.stringify(name)} appears twice`);
      }
      this.#named.add(name);
    }
    if (header.weights && !header.weights.some((weight) => weight > 0)) {
      place.fail("one of the weights must be > 0");
    }
    this.#header = header;
    this.#domains = first[1].length;
  }

  /** A later header must say what the first one said. */
  #refuseOther(header: Header, place: Place): void {
    const differing = HEADER_KEYS.find((key) =>
      JSON.stringify(header[key]) !== JSON.stringify(this.#header![key])
    );
    if (differing === undefined) return;
    place.fail(
      `${differing} must be the same in every header; replay logs of one training at a time`,
    );
  }

  #takeBatch(batch: z.infer<typeof batchSchema>, place: Place): void {
    const { losses, domains, tasks } = batch;
    const references = batch.reference_losses ?? null;
    if ((domains === undefined) === (tasks === undefined)) {
      place.fail("it needs domains (ids) or tasks (names), one of the two");
    }
    const lengths = { reference_losses: references, domains, tasks };
    for (const [name, list] of Object.entries(lengths)) {
      if (list && list.length !== losses.length) {
        place.fail(
          `${name} must have one entry for each of the ${losses.length} losses: got ${list.length}`,
        );
      }
    }
    const before = this.#batches[0];
    if (before && (before.referenceLosses === null) !== (references === null)) {
      place.fail(
        `reference_losses ${
          references ? "are there" : "are missing"
        }, unlike in the micro-batches before; log them always or never`,
      );
    }
    if (before && (before.domains === null) !== (domains === undefined)) {
      place.fail("use domains in every line, or tasks in every line");
    }
    if (domains) this.#checkIds(domains, place);
    const names = this.#header?.tasks;
    const stray = names && tasks?.find((name) => !this.#named.has(name));
    if (stray !== undefined) {
      place.fail(
        `the header has no task ${JSON.stringify(stray)} (its tasks: ${
          names!.join(", ")
        })`,
      );
    }
    if (tasks && !names && this.#domains > 0) {
      place.fail("tasks need the names in the header too");
    }
    this.#placeStep(batch.step, place);
    this.#batches.push({
      losses,
      referenceLosses: references,
      domains: domains ?? null,
      tasks: tasks ?? null,
    });
  }

  /** A step that comes again comes from a training that was resumed. */
  #placeStep(step: number | undefined, place: Place): void {
    const count = this.#batches.length;
    if (count > 0 && (step === undefined) === this.#numbered) {
      place.fail("give the step in every line, or in none");
    }
    this.#numbered = step !== undefined;
    if (step === undefined || step === count) return;
    if (step > count) {
      place.fail(
        `step must be ${count}, the next one: got ${step}; a part of the log is missing`,
      );
    }
    this.#batches.length = step;
    this.warnings.push(
      `${place.name}: step ${step} comes again; lines ${step} to ${
        count - 1
      } of the training before it was resumed are left out`,
    );
  }

  #takeMetrics(value: object, place: Place): void {
    this.hasMetrics = true;
    const { stage, weights, examples } = checked(metricsSchema, value, place);
    if (!isWeightStage(stage) || !examples) return;
    const count = examples.losses.length;
    for (const list of [examples.references, examples.domains]) {
      if (list && list.length !== count) {
        place.fail(
          `examples: ${count} losses, but ${list.length} references or domains`,
        );
      }
    }
    this.#domains = weights?.length ?? this.#domains;
    this.#checkIds(examples.domains, place);
    const own = this.#observations.get(stage) ?? [];
    own.push(unpackLosses(examples));
    this.#observations.set(stage, own);
  }

  #checkIds(domains: readonly number[], place: Place): void {
    for (const id of domains) {
      if (this.#domains > 0 && id >= this.#domains) {
        place.fail(
          `domains must be integers in [0, ${this.#domains}), one for each task: got ${id}`,
        );
      }
      if (id <= this.#largest) continue;
      this.#largest = id;
      this.#largestAt = place;
    }
    this.#losses += domains.length;
  }

  /** Every task takes memory and time, also one that no loss is of. */
  #checkLargest(): void {
    const end = this.#losses + SPARE_IDS;
    if (this.#domains > 0 || this.#largest < end) return;
    this.#largestAt!.fail(
      `domains must be below ${end} in a log of ${this.#losses} losses without a header: got ${this.#largest}; number the tasks from 0, or tell their names in a header`,
    );
  }

  /** All lines together. */
  finish(): LossLog {
    this.#checkLargest();
    const header = this.#header ?? {};
    const named = this.#batches[0]?.tasks
      ? header.tasks ?? namesIn(this.#batches.map((b) => b.tasks!))
      : undefined;
    const idOf = new Map(named?.map((name, k) => [name, k]));
    const lines = this.#batches.map((batch): LossObservation => ({
      losses: batch.losses,
      referenceLosses: batch.referenceLosses,
      domains: batch.domains ?? batch.tasks!.map((name) => idOf.get(name)!),
    }));
    const [first = [], ...others] = this.#observations.values();
    const tasks = header.tasks ?? named;
    const { reference_floor: referenceFloor, floor_as_at: floorAsAt, ...rest } =
      header;
    const log: LossLog = {
      ...rest,
      ...referenceFloor !== undefined && { referenceFloor },
      ...floorAsAt !== undefined && { floorAsAt },
      domainCount: this.#domains || (tasks?.length ?? this.#largest + 1),
      lines: [...lines, ...first],
      warnings: this.warnings,
    };
    if (others.length > 0) log.repeats = others;
    if (tasks) log.tasks = tasks;
    return log;
  }
}

/** All names, in code-point order, which doesn't hang on the draws. */
function namesIn(lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())].sort((a, b) => {
    // The default order is that of UTF-16 units, which differs beyond U+FFFF.
    const x = [...a], y = [...b];
    const i = x.findIndex((char, at) => char !== y[at]);
    return i < 0 ? x.length - y.length : (x[i]!.codePointAt(0)! -
      (y[i]?.codePointAt(0) ?? -1));
  });
}

function checked<T>(schema: z.ZodType<T>, value: unknown, place: Place): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  if (issue.code === "unrecognized_keys") {
    place.fail(
      `unknown key ${
        JSON.stringify(issue.keys[0])
      }; the keys are step, losses, reference_losses, and domains or tasks; of a header tasks, sizes, weights, measure, eta, accumulate, reference_floor, floor_as_at`,
    );
  }
  const found = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const where = issue.path.map((key) =>
    typeof key === "number" ? `[${key}]` : `.${String(key)}`
  ).join("").replace(/^\./, "");
  return place.fail(
    `${where || "the line"}: ${issue.message}: got ${
      (JSON.stringify(found) ?? "nothing").slice(0, 60)
    }`,
  );
}
