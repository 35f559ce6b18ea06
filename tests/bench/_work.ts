/**
 * Both sides of a benchmark are processes that get ready once and then do one
 * round for each line that they are sent, so that rounds of ours and of the peer
 * alternate and start-up counts for neither.
 */

/** One benchmark's own side. */
export interface Work {
  /** Does one round; what is timed. */
  round(): Promise<void> | void;
  /** Tokens of a round, if it has any. */
  tokens?: number;
  /** Floating-point operations of a round, if they can be counted. */
  flops?: number;
  /** A number that both sides must agree on, e.g. a first loss. */
  check?: number;
}

/** What a side says when it is ready. */
export interface Ready {
  /** Tokens of a round. */
  tokens?: number;
  /** Floating-point operations of a round. */
  flops?: number;
  /** A number that both sides must agree on. */
  check?: number;
  /** What the peer computes in, where it had the choice. */
  precision?: string;
}

/** What a benchmark's module offers. */
export interface WorkModule {
  /**
   * Gets ready.
   *
   * @param quick Whether a smaller size is wanted.
   * @param folder Where the bench keeps files for both sides.
   */
  setup(quick: boolean, folder: string): Promise<Work>;
}

if (import.meta.main) {
  const [name, size, folder] = Deno.args as [string, string, string];
  const { setup } = await import(`./works/${name}.ts`) as WorkModule;
  const { round, ...ready } = await setup(size === "quick", folder);
  const say = (value: unknown) =>
    Deno.stdout.writeSync(
      new TextEncoder().encode(`@${JSON.stringify(value)}\n`),
    );
  say(ready);
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const text of lines) {
    for (const line of text.split("\n")) {
      if (line !== "go") continue;
      const started = performance.now();
      await round();
      say({ seconds: (performance.now() - started) / 1000 });
    }
  }
}
