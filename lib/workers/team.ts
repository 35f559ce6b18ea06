import { type Message, tell } from "./messages.ts";
import type { Workers } from "./workers.ts";

/**
 * Worker 0's side of the exchange with the others. They do what it tells them
 * ({@linkcode follow}), so that reading, writing and deciding are its alone: no
 * other worker can end earlier, or go another way.
 */
export class Team {
  /** All of them. */
  readonly workers: Workers;
  #broken = false;

  /**
   * Leads the workers.
   *
   * @param workers The workers; this one must be number 0.
   */
  constructor(workers: Workers) {
    if (workers.rank !== 0) {
      throw new RangeError(
        `Cannot lead the workers: only number 0 does: got ${workers.rank}; the others follow it`,
      );
    }
    this.workers = workers;
  }

  /** Tells the others something that needs no answer. */
  async tell(
    op: string,
    content: Partial<Pick<Message, "about" | "arrays">> = {},
  ): Promise<void> {
    await this.together(() => tell(this.workers, { op, ...content }));
  }

  /**
   * Does what all workers have to do together. If it fails here the others wait for
   * what won't come: nothing can be told them any more.
   */
  async together<T>(work: () => Promise<T>): Promise<T> {
    if (this.#broken) throw new Error("the workers are no longer together");
    this.#broken = true;
    const result = await work();
    this.#broken = false;
    return result;
  }

  /** Whether the others can't be told anything any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Lets the others go, or ends them where they can't be told. */
  async close(): Promise<void> {
    if (this.#broken) return this.workers.abort(2);
    await this.tell(END);
    await this.workers.close();
  }
}

/** What ends {@linkcode follow}. */
const END = "end";

/** The message by which {@linkcode follow} ends. */
export function isEnd({ op }: Message): boolean {
  return op === END;
}

const teams = new WeakMap<Workers, Team>();

/**
 * The one team of some workers.
 *
 * @param workers The workers; this one must be number 0.
 */
export function teamOf(workers: Workers): Team {
  let team = teams.get(workers);
  if (!team) teams.set(workers, team = new Team(workers));
  return team;
}
