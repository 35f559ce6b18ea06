import type { Query, Task } from "../../data/types.ts";
import type { MineOptions, MineStatistics } from "./mine_options.ts";
import { passageText } from "../../base/texts/passage_text.ts";
import { normaliseText } from "../../base/texts/normalise_text.ts";
import { hammingDistance, simhasher } from "../../base/texts/simhash.ts";

/** The rules of mining for one query. */
export interface QueryRules {
  /** Best score of a positive; -Infinity if none has one. */
  positive: number;
  /** Whether a retrieved passage may be taken; counts why not. */
  admits(id: string): boolean;
  /** Whether a random passage may be taken. */
  admitsRandom(id: string): boolean;
  /** Takes a passage, unless it's near one already there. */
  take(id: string): boolean;
}

/** Which passages of a task may be negatives, and why not. */
export class CandidateFilter {
  #task: Task;
  #options: MineOptions;
  #total: MineStatistics;
  #positives: Map<string, Set<string>>;
  #simhash = simhasher();
  /** Values of passages looked at. */
  #values = new Map<string, bigint>();
  #keys = new Map<string, string>();

  constructor(task: Task, options: MineOptions, total: MineStatistics) {
    this.#task = task;
    this.#options = options;
    this.#total = total;
    this.#positives = positivesOfAllSplits(task);
    for (const { id, text, title } of task.corpus.values()) {
      this.#keys.set(id, normaliseText(text || title || ""));
    }
  }

  /** Ids of the query's positives, in any split. */
  knownPositives(query: string): Set<string> {
    return this.#positives.get(query) ?? new Set();
  }

  /** The rules for one query, whose candidates have these scores. */
  of(query: Query, scores: ReadonlyMap<string, number>): QueryRules {
    const { nearDuplicates = 2 } = this.#options;
    const positives = this.knownPositives(query.id);
    const decided = this.#options.decisions?.get(query.id);
    const texts = new Set([normaliseText(query.text)]);
    let positive = -Infinity;
    for (const id of positives) {
      texts.add(this.#keys.get(id) ?? "");
      positive = Math.max(positive, scores.get(id) ?? -Infinity);
    }
    const limit = this.#limit(positive);
    // Computed for what is taken alone: most candidates never are.
    let values: bigint[] | undefined;
    const isNear = (value: bigint) => {
      values ??= [
        this.#simhash(query.text),
        ...Array.from(positives, (id) => this.#value(id)),
      ];
      return values.some((v) =>
        hammingDistance(v, value) <= (nearDuplicates as number)
      );
    };
    const admits = (id: string): keyof MineStatistics | undefined => {
      const text = this.#keys.get(id);
      if (text === undefined) {
        throw new RangeError(
          `Cannot mine hard negatives of task "${this.#task.name}": retrieve must return passages of its corpus: got "${id}" for query "${query.id}"`,
        );
      }
      if (positives.has(id)) return "leftOutPositive";
      const decision = decided?.get(id);
      if (decision && decision !== "negative") return "leftOutDecision";
      if (texts.has(text)) return "leftOutText";
      const sure = decision === "negative";
      if (!sure && (scores.get(id) ?? -Infinity) >= limit) {
        return "leftOutScore";
      }
    };
    return {
      positive,
      admits: (id) => {
        const why = admits(id);
        if (why) this.#total[why]++;
        else texts.add(this.#keys.get(id)!);
        return !why;
      },
      admitsRandom: (id) => {
        const decision = decided?.get(id);
        return !positives.has(id) && !texts.has(this.#keys.get(id)!) &&
          (!decision || decision === "negative");
      },
      take: (id) => {
        if (nearDuplicates !== "off") {
          const value = this.#value(id);
          if (isNear(value)) {
            this.#total.leftOutNear++;
            return false;
          }
          values!.push(value);
        }
        texts.add(this.#keys.get(id)!);
        return true;
      },
    };
  }

  /** A candidate must score below this. */
  #limit(positive: number): number {
    const { positiveShare = 0.95, margin = 0, withoutPositive = "keep" } =
      this.#options;
    if (positiveShare === Infinity && margin === 0) return Infinity;
    if (positive === -Infinity) {
      return withoutPositive === "keep" ? Infinity : -Infinity;
    }
    // Share of the way down, so that it also works for negative scores.
    const byShare = positiveShare === Infinity
      ? Infinity
      : positive - (1 - positiveShare) * Math.abs(positive);
    // A margin of 0 asks for no more than any share does.
    const byMargin = margin > 0 ? positive - margin : Infinity;
    return Math.min(byShare, byMargin);
  }

  #value(id: string): bigint {
    let value = this.#values.get(id);
    if (value === undefined) {
      const passage = this.#task.corpus.get(id);
      value = this.#simhash(passage ? passageText(passage) : "");
      this.#values.set(id, value);
    }
    return value;
  }
}

/** Query id → ids of its positives in all splits. */
export function positivesOfAllSplits(task: Task): Map<string, Set<string>> {
  const positives = new Map<string, Set<string>>();
  for (const qrels of Object.values(task.qrels)) {
    for (const [query, grades] of qrels) {
      const ofQuery = positives.get(query) ?? new Set();
      for (const [id, grade] of grades) if (grade > 0) ofQuery.add(id);
      positives.set(query, ofQuery);
    }
  }
  return positives;
}
