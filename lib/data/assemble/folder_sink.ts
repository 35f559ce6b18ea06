import { writeWhole } from "../../base/files/write_whole.ts";
import { readLines } from "../beir/read_lines.ts";
import type { SuiteRow } from "../beir/suite_rows.ts";
import { passageLine, queryLine, writeTaskInfo } from "../beir/task_lines.ts";
import { beirLines } from "../beir/write_qrels.ts";
import { checkColumnId } from "../trec/columns.ts";
import { type Passage, type Query, SPLITS } from "../types.ts";
import type { BuiltTask } from "./built_task.ts";
import type { Negative, TaskSink } from "./task_sink.ts";
import { TextFile } from "./text_file.ts";

/** Count and length of texts. */
class Tally {
  count = 0;
  #characters = 0;

  add({ text }: { text: string }): void {
    this.count++;
    this.#characters += text.length;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.#characters / this.count;
  }
}

/** Writes the texts of a task into its folder, in BEIR form, as they come. */
export class FolderSink implements TaskSink {
  readonly folder: string;
  readonly #corpus: TextFile;
  readonly #queries: TextFile;
  readonly #negatives: TextFile;
  readonly #passages = new Tally();
  readonly #asked = new Tally();

  /** @param folder Empty, and whole only after {@linkcode finish}. */
  constructor(folder: string) {
    this.folder = folder;
    this.#corpus = new TextFile(`${folder}/corpus.jsonl`);
    this.#queries = new TextFile(`${folder}/queries.jsonl`);
    this.#negatives = new TextFile(`${folder}/.negatives.jsonl`);
  }

  query(query: Query): void {
    checkColumnId(query.id, this.folder, { blanks: true });
    this.#asked.add(query);
    this.#queries.add(queryLine(query));
  }

  passage(passage: Passage): void {
    checkColumnId(passage.id, this.folder, { blanks: true });
    this.#passages.add(passage);
    this.#corpus.add(passageLine(passage));
  }

  keep(negative: Negative): void {
    this.#negatives.add(`${JSON.stringify(negative)}\n`);
  }

  async *kept(): AsyncGenerator<Negative> {
    const { path } = this.#negatives;
    await this.#negatives.flush();
    for await (const { text } of readLines(path)) yield JSON.parse(text);
    await Deno.remove(path);
  }

  drain(): Promise<void> | undefined {
    const writes = [this.#corpus, this.#queries, this.#negatives]
      .map((file) => file.drain()).filter((write) => write !== undefined);
    return writes.length === 0 ? undefined : this.#written(writes);
  }

  /** Writes the rest; gives what there is to tell of the task. */
  async finish(
    { info, judgments }: BuiltTask,
    domain: number,
  ): Promise<SuiteRow> {
    await this.#corpus.flush();
    await this.#queries.flush();
    const sizes = { train: 0, dev: 0, test: 0 };
    let pairs = 0;
    for (const split of SPLITS) {
      const counted = function* (): Generator<[string, Map<string, number>]> {
        for (const { query, grades } of judgments(split)) {
          sizes[split]++;
          for (const grade of grades.values()) if (grade > 0) pairs++;
          yield [query, grades];
        }
      };
      if (judgments(split).next().done) continue;
      const path = `${this.folder}/qrels/${split}.tsv`;
      await writeWhole(path, beirLines(path, counted()));
    }
    const queries = Object.entries(sizes).filter(([, size]) => size > 0)
      .map(([split, size]) => [`queries_${split}`, size]);
    const corpus = this.#passages.count;
    const counts = { corpus, ...Object.fromEntries(queries) };
    await writeTaskInfo(this.folder, { info, counts });
    return {
      domain,
      task: info.name,
      kind: info.kind,
      language: [info.language].flat().join(" "),
      passages: corpus,
      ...sizes,
      pairs,
      queryLength: this.#asked.mean,
      passageLength: this.#passages.mean,
    };
  }

  async #written(writes: Promise<void>[]): Promise<void> {
    await Promise.all(writes);
  }
}
