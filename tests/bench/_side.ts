import type { Ready } from "./_work.ts";

/** A process that does rounds; see `_work.ts`. */
export class Side implements AsyncDisposable {
  /** What it said when it was ready. */
  readonly ready: Promise<Ready>;
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #name: string;

  /** Starts it. */
  constructor(name: string, command: string, args: string[]) {
    this.#name = name;
    this.#child = new Deno.Command(command, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = answers(this.#child.stdout);
    this.ready = this.#answer() as Promise<Ready>;
  }

  /** Tells a peer that the other side's files are there. */
  async setUp(): Promise<void> {
    await this.#say("set up");
  }

  /** Does a round; its seconds, as the process itself took them. */
  async round(): Promise<number> {
    await this.#say("go");
    const { seconds } = await this.#answer() as { seconds: number };
    return seconds;
  }

  /** Most memory that it had so far, in bytes; `undefined` where unknown. */
  peakMemory(): number | undefined {
    try {
      const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
    } catch {
      return undefined;
    }
  }

  /** Seconds of processors' time that it took so far; Linux only. */
  processorTime(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.#child.pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async #say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  async #answer(): Promise<unknown> {
    const next = await this.#lines.next();
    if (!next.done) return JSON.parse(next.value.slice(1));
    const said = new TextDecoder().decode(
      await new Response(this.#child.stderr).arrayBuffer(),
    ).trim().split("\n").slice(-3).join(" | ");
    throw new Error(`${this.#name} ended: ${said}`);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    try {
      this.#child.kill();
    } catch {
      // It has ended by itself.
    }
    await this.#child.stderr.cancel().catch(() => {});
    await this.#child.status;
  }
}

/** The lines of an output that are meant for us: libraries chatter too. */
async function* answers(
  output: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const text of output.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith("@{")) yield line;
  }
}
