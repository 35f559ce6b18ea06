import type { LlmSettings } from "./llm_options.ts";

/** What asking takes, or took. */
export interface Spent {
  /** Requests to the server, retries included. */
  requests: number;
  /** Tokens of the prompts. */
  tokensIn: number;
  /** Tokens of the answers. */
  tokensOut: number;
  /** What it costs; absent without prices. */
  cost?: number;
}

/** The limits of a budget and the prices. */
export type BudgetSettings = Pick<
  LlmSettings,
  "maxRequests" | "maxTokens" | "maxCost" | "priceIn" | "priceOut"
>;

/** What one request may take at most. */
export type Worst = Pick<Spent, "tokensIn" | "tokensOut">;

/**
 * A budget that is never overdrawn: before a request as much is put aside as it may
 * take at most, and what it didn't take comes back.
 */
export class Budget {
  readonly #settings: BudgetSettings;
  readonly #spent: Spent = { requests: 0, tokensIn: 0, tokensOut: 0 };
  readonly #aside: Spent = { requests: 0, tokensIn: 0, tokensOut: 0 };
  readonly #waiting: (() => void)[] = [];

  /**
   * An untouched budget.
   *
   * @param settings Limits and prices.
   */
  constructor(settings: BudgetSettings) {
    this.#settings = settings;
  }

  /** What was spent. */
  get spent(): Spent {
    return withCost(this.#spent, this.#settings);
  }

  /**
   * Puts aside what a request may take; where that isn't there, waits for what
   * others give back.
   *
   * @param worst What it may take.
   * @returns The limit that it would break, in words; `undefined` if none.
   */
  async reserve(worst: Worst): Promise<string | undefined> {
    for (;;) {
      const broken = this.broken({ requests: 1, ...worst });
      if (broken === undefined) {
        add(this.#aside, { requests: 1, ...worst });
        return;
      }
      if (this.#aside.requests === 0) return broken;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Takes what a request took, and gives the rest back. */
  settle(worst: Worst, took: Worst): void {
    add(this.#aside, {
      requests: -1,
      tokensIn: -worst.tokensIn,
      tokensOut: -worst.tokensOut,
    });
    add(this.#spent, { requests: 1, ...took });
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** The limit that something more would break, in words; `undefined` if none. */
  broken(more: Spent): string | undefined {
    const { maxRequests, maxTokens, maxCost } = this.#settings;
    const { requests, tokensIn, tokensOut, cost = 0 } = withCost(
      sum(sum(this.#spent, this.#aside), more),
      this.#settings,
    );
    return requests > (maxRequests ?? Infinity)
      ? `--max-requests ${maxRequests}`
      : tokensIn + tokensOut > (maxTokens ?? Infinity)
      ? `--max-tokens ${maxTokens}`
      : cost > (maxCost ?? Infinity)
      ? `--max-cost ${maxCost}`
      : undefined;
  }
}

/** With what it costs, if there are prices. */
export function withCost(
  spent: Spent,
  { priceIn, priceOut }: Pick<BudgetSettings, "priceIn" | "priceOut">,
): Spent {
  const { requests, tokensIn, tokensOut } = spent;
  return priceIn === undefined && priceOut === undefined
    ? { requests, tokensIn, tokensOut }
    : {
      requests,
      tokensIn,
      tokensOut,
      cost: (tokensIn * (priceIn ?? 0) + tokensOut * (priceOut ?? 0)) / 1e6,
    };
}

function add(to: Spent, more: Spent): void {
  to.requests += more.requests;
  to.tokensIn += more.tokensIn;
  to.tokensOut += more.tokensOut;
}

/** Two sums as one, without what they cost. */
export function sum(a: Spent, b: Spent): Spent {
  return {
    requests: a.requests + b.requests,
    tokensIn: a.tokensIn + b.tokensIn,
    tokensOut: a.tokensOut + b.tokensOut,
  };
}

/** What is spent, as a clause. */
export function spentLine(
  { requests, tokensIn, tokensOut, cost }: Spent,
): string {
  const number = (value: number) => value.toLocaleString("en");
  return `${number(requests)} requests, ${number(tokensIn)} tokens in, ${
    number(tokensOut)
  } out${cost === undefined ? "" : `, cost ${Number(cost.toPrecision(3))}`}`;
}
