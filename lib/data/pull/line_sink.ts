import { dirname } from "node:path";

/** Characters that are gathered before they are written. */
const BATCH = 1 << 18;

/** A text file that grows line by line, gzipped if its name ends in `.gz`. */
export class LineSink {
  readonly #file: Deno.FsFile;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #done: Promise<void>;
  readonly #encoder = new TextEncoder();
  #lines: string[];
  #size = 0;

  constructor(path: string, header = "") {
    this.#lines = [header];
    Deno.mkdirSync(dirname(path), { recursive: true });
    this.#file = Deno.openSync(path, { write: true, createNew: true });
    if (path.endsWith(".gz")) {
      const gzip = new CompressionStream("gzip");
      this.#writer = gzip.writable.getWriter();
      this.#done = gzip.readable.pipeTo(this.#file.writable);
    } else {
      this.#writer = this.#file.writable.getWriter();
      this.#done = Promise.resolve();
    }
    // Who writes learns of a fault by the writer; this one has no other reader.
    this.#done.catch(() => {});
  }

  async write(line: string): Promise<void> {
    this.#lines.push(line);
    this.#size += line.length;
    if (this.#size >= BATCH) await this.#flush();
  }

  async close(): Promise<void> {
    await this.#flush();
    await this.#writer.close();
    await this.#done;
  }

  async abort(): Promise<void> {
    await this.#writer.abort().catch(() => {});
    await this.#done.catch(() => {});
  }

  async #flush(): Promise<void> {
    const text = this.#lines.join("");
    this.#lines = [];
    this.#size = 0;
    if (text !== "") await this.#writer.write(this.#encoder.encode(text));
  }
}
