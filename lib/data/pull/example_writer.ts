import { createHash } from "node:crypto";
import { readLines } from "../beir/read_lines.ts";
import type { Passage, SplitName, TrainExample } from "../types.ts";
import { LineSink } from "./line_sink.ts";
import type { TaskWriter } from "./task_writer.ts";

/**
 * Writes training rows: equal texts once, under the id that came first; a pair
 * once; and never as a negative what answers the query in another row, earlier or
 * later. In memory are short keys of the texts, not the texts.
 */
export class ExampleWriter {
  readonly #writer: TaskWriter;
  readonly #queries = new Names("q");
  readonly #passages = new Names("p");
  readonly #positives = new Map<SplitName, Pairs>();
  readonly #negatives = new Map<SplitName, Pairs>();
  /** Negatives wait until all positives are known. */
  readonly #waiting = new Map<SplitName, LineSink>();

  constructor(writer: TaskWriter) {
    this.#writer = writer;
  }

  /** Writes one row. */
  async write(
    split: SplitName,
    { query, positives, negatives }: TrainExample,
  ): Promise<void> {
    const asked = this.#queries.add(query.text, query.id);
    if (asked.fresh) {
      await this.#writer.query({ id: asked.id, text: query.text });
    }
    const known = pairsOf(this.#positives, split);
    for (const passage of positives) {
      const found = await this.#passage(passage);
      if (!known.add(asked.index, found.index)) continue;
      await this.#writer.judgment(split, {
        query: asked.id,
        passage: found.id,
        grade: 1,
      });
    }
    const against = pairsOf(this.#negatives, split);
    for (const passage of negatives) {
      const found = await this.#passage(passage);
      if (!against.add(asked.index, found.index)) continue;
      let sink = this.#waiting.get(split);
      if (!sink) {
        sink = new LineSink(this.#path(split));
        this.#waiting.set(split, sink);
      }
      await sink.write(`${asked.index}\t${found.index}\n`);
    }
  }

  /** Writes the negatives. */
  async finish(): Promise<void> {
    for (const [split, sink] of this.#waiting) {
      await sink.close();
      const known = pairsOf(this.#positives, split);
      for await (const { text } of readLines(this.#path(split))) {
        const [query, passage] = text.split("\t").map(Number) as [
          number,
          number,
        ];
        if (known.has(query, passage)) continue;
        await this.#writer.judgment(split, {
          query: this.#queries.id(query),
          passage: this.#passages.id(passage),
          grade: 0,
        });
      }
      await Deno.remove(this.#path(split));
    }
  }

  /** Lets go of the files. */
  async abort(): Promise<void> {
    for (const sink of this.#waiting.values()) await sink.abort();
  }

  #path(split: SplitName): string {
    return `${this.#writer.folder}/.negatives.${split}.tsv`;
  }

  async #passage(passage: Passage): Promise<{ id: string; index: number }> {
    const whole = JSON.stringify([passage.title ?? "", passage.text]);
    const found = this.#passages.add(whole, passage.id);
    if (found.fresh) await this.#writer.passage({ ...passage, id: found.id });
    return found;
  }
}

/** Texts by number, with an id for each. */
class Names {
  readonly #mark: string;
  readonly #indices = new Map<string, number>();
  readonly #ids: string[] = [];
  readonly #taken = new Set<string>();

  constructor(mark: string) {
    this.#mark = mark;
  }

  /** The text's number and id: its own, unless another text has that. */
  add(
    text: string,
    own: string,
  ): { id: string; index: number; fresh: boolean } {
    // 96 bits: chance won't make two texts one.
    const key = createHash("md5").update(text).digest("base64").slice(0, 16);
    const index = this.#indices.get(key);
    if (index !== undefined) {
      return { id: this.#ids[index]!, index, fresh: false };
    }
    let id = own;
    for (let i = 2; id === "" || this.#taken.has(id); i++) {
      id = `${own || this.#mark}~${i}`;
    }
    this.#taken.add(id);
    this.#indices.set(key, this.#ids.length);
    this.#ids.push(id);
    return { id, index: this.#ids.length - 1, fresh: true };
  }

  id(index: number): string {
    return this.#ids[index]!;
  }
}

/** A set of pairs of numbers below 2 ** 26; a plain one ends at 2 ** 24 pairs. */
class Pairs {
  readonly #parts = Array.from({ length: 16 }, () => new Set<number>());

  /** Puts a pair in; whether it wasn't there. */
  add(query: number, passage: number): boolean {
    const part = this.#parts[passage % 16]!;
    const before = part.size;
    return part.add(query * 2 ** 26 + passage).size > before;
  }

  has(query: number, passage: number): boolean {
    return this.#parts[passage % 16]!.has(query * 2 ** 26 + passage);
  }
}

function pairsOf(bySplit: Map<SplitName, Pairs>, split: SplitName): Pairs {
  let pairs = bySplit.get(split);
  if (!pairs) bySplit.set(split, pairs = new Pairs());
  return pairs;
}
