import type { Batch } from "../sampling/mod.ts";
import type { BatchTokens } from "./tokens.ts";

/** A batch, and its texts as token ids. */
export interface TokenizedBatch {
  /** The batch. */
  batch: Batch;
  /** Its texts. */
  tokens: BatchTokens;
}

/**
 * Batches with their tokens, in order. The next one can be made ahead, while a
 * GPU computes and JavaScript would only wait for it: of an iterable that gives
 * its batches at once. An asynchronous one is asked when their turn has come,
 * since what it gives may be computed on the same device, or follow from the
 * step before.
 */
export class TokenSource {
  readonly #batches: Iterator<Batch> | AsyncIterator<Batch>;
  readonly #tokenize: (batch: Batch) => BatchTokens;
  readonly #isSynchronous: boolean;
  #coming: Promise<TokenizedBatch | undefined> | undefined;
  #over = false;

  /**
   * Draws nothing yet.
   *
   * @param batches What to draw from.
   * @param tokenize How a batch becomes tokens.
   */
  constructor(
    batches: Iterable<Batch> | AsyncIterable<Batch>,
    tokenize: (batch: Batch) => BatchTokens,
  ) {
    this.#isSynchronous = !(Symbol.asyncIterator in batches);
    this.#batches = Symbol.asyncIterator in batches
      ? batches[Symbol.asyncIterator]()
      : batches[Symbol.iterator]();
    this.#tokenize = tokenize;
  }

  /** Makes the next batch ready, if that can be done at once. */
  ahead(): void {
    if (!this.#isSynchronous) return;
    this.#coming ??= this.#draw();
    // What goes wrong is told when the batch's turn has come.
    this.#coming.catch(() => {});
  }

  /** The next batch; `undefined` after the last one. */
  async next(): Promise<TokenizedBatch | undefined> {
    const coming = this.#coming ?? this.#draw();
    this.#coming = undefined;
    return await coming;
  }

  /** Ends the drawing where the batches have not ended themselves. */
  async end(): Promise<void> {
    if (!this.#over) await this.#batches.return?.();
  }

  async #draw(): Promise<TokenizedBatch | undefined> {
    if (this.#over) return;
    this.#over = true; // unless it gives another one
    const drawn = this.#batches.next();
    const { done, value } = drawn instanceof Promise ? await drawn : drawn;
    if (done) return;
    this.#over = false;
    return { batch: value, tokens: this.#tokenize(value) };
  }
}
