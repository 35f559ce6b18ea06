import { dirname } from "node:path";
import { makeFolder } from "../../base/files/make_folder.ts";

/** Characters that are gathered before they are written. */
const BUFFERED = 1 << 18;

/** A text file that grows by pieces, closed between them: there may be many. */
export class TextFile {
  readonly path: string;
  #pieces: string[] = [];
  #size = 0;

  constructor(path: string) {
    this.path = path;
  }

  add(piece: string): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
  }

  /** Writes what has piled up, if that is much. */
  drain(): Promise<void> | undefined {
    return this.#size < BUFFERED ? undefined : this.flush();
  }

  /** Writes all; the file is there then. */
  async flush(): Promise<void> {
    const text = this.#pieces.join("");
    this.#pieces = [];
    this.#size = 0;
    await makeFolder(dirname(this.path));
    await Deno.writeTextFile(this.path, text, { append: true });
  }
}
