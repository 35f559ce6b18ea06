import { type DataVersion, dataVersion } from "../../backend/mod.ts";
import type { InferencePrecision } from "../../backend/kernels/mod.ts";
import {
  bytesOf,
  floatsOf,
  type Team,
  teamOf,
  type Workers,
} from "../../workers/mod.ts";
import { embeddingSize, type Encoder } from "../encode/encoder.ts";
import type { TokenBatch } from "../tokenizer/token_batch.ts";
import { embedUnits } from "./embed_units.ts";
import { type EncoderAbout, parameterMessage } from "./encoder_messages.ts";

/** Texts that one worker encodes in one pass. */
export interface EmbedUnit {
  /** The texts. */
  tokens: TokenBatch;
  /** Number of the worker. */
  owner: number;
}

/** An encoder that the other workers have, and what it was then. */
interface Shown {
  id: number;
  versions: DataVersion[];
}

/**
 * Worker 0's side of encoding together: the others get each encoder once, and again
 * when its parameters have changed.
 */
export class EncoderLead {
  /** The workers. */
  readonly team: Team;
  readonly #shown = new Map<Encoder, Shown>();
  #next = 0;
  /** When what was asked for before is done: messages mustn't mix. */
  #before: Promise<unknown> = Promise.resolve();

  /**
   * Leads the encoding of all.
   *
   * @param team The workers.
   */
  constructor(team: Team) {
    this.team = team;
  }

  /**
   * Makes sure that all workers have an encoder as it is now.
   *
   * @returns The number that it goes by.
   */
  async show(encoder: Encoder): Promise<number> {
    await this.#forgetFreed();
    const shown = this.#shown.get(encoder);
    const versions = [...encoder.parameters.values()].map(dataVersion);
    if (shown && isSame(shown.versions, versions)) return shown.id;
    const id = shown?.id ?? this.#next++;
    const { config, modules, lora } = encoder;
    const about: EncoderAbout = { id, config, modules, lora };
    if (!shown) await this.team.tell("encoder", { about });
    for (const [i, [name, parameter]] of [...encoder.parameters].entries()) {
      const before = shown?.versions[i];
      if (before && isSame([before], [versions[i]!])) continue;
      await this.team.tell(
        "parameter",
        await parameterMessage(id, name, parameter),
      );
    }
    this.#shown.set(encoder, { id, versions });
    return id;
  }

  /** Notes that all workers have changed an encoder alike. */
  changedAlike(encoder: Encoder): void {
    const shown = this.#shown.get(encoder);
    if (!shown) return;
    shown.versions = [...encoder.parameters.values()].map(dataVersion);
  }

  /**
   * Vectors of texts, each unit made by its owner.
   *
   * @returns Vectors of each unit, row-major.
   */
  embed(
    encoder: Encoder,
    units: readonly EmbedUnit[],
    options: { precision?: InferencePrecision | undefined } = {},
  ): Promise<Float32Array[]> {
    const work = () => this.#embed(encoder, units, options);
    const done = this.#before.then(work, work);
    this.#before = done.catch(() => {});
    return done;
  }

  async #embed(
    encoder: Encoder,
    units: readonly EmbedUnit[],
    { precision = "float32" }: { precision?: InferencePrecision | undefined },
  ): Promise<Float32Array[]> {
    const id = await this.show(encoder);
    await this.team.tell("embed", {
      about: { id, precision, owners: units.map(({ owner }) => owner) },
      arrays: units.flatMap(({ tokens: { ids, offsets } }) => [
        ids as Int32Array<ArrayBuffer>,
        offsets as Int32Array<ArrayBuffer>,
      ]),
    });
    const { workers } = this.team;
    return await this.team.together(async () => {
      const own = await embedUnits(encoder, ownedBy(0, units), { precision });
      const parts = (await workers.allGather(bytesOf(own))).map(floatsOf);
      const at = parts.map(() => 0);
      const width = embeddingSize(encoder);
      return units.map(({ owner, tokens }) => {
        const from = at[owner]!;
        at[owner] = from + (tokens.offsets.length - 1) * width;
        return parts[owner]!.subarray(from, at[owner]);
      });
    });
  }

  /** Lets the others free the encoders that were freed here. */
  async #forgetFreed(): Promise<void> {
    for (const [encoder, { id }] of this.#shown) {
      if (![...encoder.parameters.values()].some((p) => p.isDisposed)) continue;
      this.#shown.delete(encoder);
      await this.team.tell("forget", { about: { id } });
    }
  }
}

/** The units of one worker. */
export function ownedBy(
  rank: number,
  units: readonly EmbedUnit[],
): TokenBatch[] {
  return units.filter(({ owner }) => owner === rank)
    .map(({ tokens }) => tokens);
}

function isSame(
  a: readonly DataVersion[],
  b: readonly DataVersion[],
): boolean {
  return a.length === b.length &&
    a.every(({ data, count }, i) =>
      data === b[i]!.data && count === b[i]!.count
    );
}

const leads = new WeakMap<Workers, EncoderLead>();

/** What leads some workers' encoding. */
export function encoderLead(workers: Workers): EncoderLead {
  let lead = leads.get(workers);
  if (!lead) leads.set(workers, lead = new EncoderLead(teamOf(workers)));
  return lead;
}
