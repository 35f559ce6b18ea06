import { checkColumnId } from "../trec/columns.ts";
import type { Passage, Query, SplitName, TaskInfo } from "../types.ts";
import { writeWhole } from "../../base/files/write_whole.ts";
import { LineSink } from "./line_sink.ts";

/**
 * Writes a task folder in BEIR form row by row, so that the task needn't fit in
 * memory. Ids must differ and pairs must not come twice.
 */
export class TaskWriter {
  /** The folder. */
  readonly folder: string;
  readonly #sinks = new Map<string, LineSink>();
  /** What was written so far. */
  readonly counts = { passages: 0, queries: 0, judgments: 0 };

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Writes a passage. */
  async passage({ id, title = "", text }: Passage): Promise<void> {
    checkColumnId(id, this.folder, { blanks: true });
    this.counts.passages++;
    await this.#sink("corpus.jsonl.gz")
      .write(`${JSON.stringify({ _id: id, title, text })}\n`);
  }

  /** Writes a query. */
  async query({ id, text }: Query): Promise<void> {
    checkColumnId(id, this.folder, { blanks: true });
    this.counts.queries++;
    await this.#sink("queries.jsonl")
      .write(`${JSON.stringify({ _id: id, text })}\n`);
  }

  /** Writes a judgment, of ids. */
  async judgment(
    split: SplitName,
    { query, passage, grade }: {
      query: string;
      passage: string;
      grade: number;
    },
  ): Promise<void> {
    this.counts.judgments++;
    await this.#sink(`qrels/${split}.tsv`, "query-id\tcorpus-id\tscore\n")
      .write(`${query}\t${passage}\t${grade}\n`);
  }

  /** Closes the files and writes `task.json`. */
  async finish(info: TaskInfo): Promise<void> {
    for (const sink of this.#sinks.values()) await sink.close();
    const { name: task, kind: type, ...rest } = info;
    const file = { task, type, ...rest, counts: this.counts };
    await writeWhole(
      `${this.folder}/task.json`,
      `${JSON.stringify(file, null, 2)}\n`,
    );
  }

  /** Lets go of the files. */
  async abort(): Promise<void> {
    for (const sink of this.#sinks.values()) await sink.abort();
  }

  #sink(name: string, header?: string): LineSink {
    let sink = this.#sinks.get(name);
    if (!sink) {
      sink = new LineSink(`${this.folder}/${name}`, header);
      this.#sinks.set(name, sink);
    }
    return sink;
  }
}
