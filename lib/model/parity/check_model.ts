import * as tf from "@tensorflow/tfjs-core";
import {
  disposeEncoder,
  embed,
  type Encoder,
  lengthLimit,
  tokenize,
} from "../encode/encoder.ts";
import { encodeTexts } from "../encode/encode_texts.ts";
import { poolings } from "../config/modules.ts";
import { loadEncoder } from "../load_encoder.ts";
import { saveEncoder } from "../save_encoder.ts";
import { PARITY_TEXTS } from "./parity_texts.ts";
import {
  makeModelReference,
  type ModelReference,
  readModelReference,
} from "./reference.ts";
import { Tape } from "../../backend/kernels/mod.ts";

/** What one check of {@linkcode checkModel} found. */
export interface ModelCheck {
  /** What was checked. */
  check: string;
  /** Whether it held; `null` if it couldn't be tried. */
  ok: boolean | null;
  /** What was found, one line. */
  detail: string;
}

/** Options for {@linkcode checkModel}. */
export interface CheckModelOptions {
  /**
   * What another library computed: values, or a file of them. @default {none}
   */
  reference?: ModelReference | string;
  /** Python with PyTorch that computes the reference now. @default {none} */
  python?: string;
  /** Texts to try, where there is no reference. @default {PARITY_TEXTS} */
  texts?: readonly string[];
  /** Largest difference of a component from the reference. @default {1e-4} */
  tolerance?: number;
  /** Stops before the next check. */
  signal?: AbortSignal;
}

/** Largest difference between two ways of computing the same vector here. */
const SAME = 1e-5;

/**
 * The parity kit: tries a model folder on texts where implementations differ,
 * and compares it with PyTorch where a reference is given or can be made.
 *
 * @param folder A Hugging Face folder.
 * @param options Reference, texts, tolerance.
 * @returns A row per check, as it is done.
 * @throws What `loadEncoder()` throws, if the folder can't be loaded at all.
 *
 * @example Usage
 * ```ts
 * import { checkModel } from "@tdro/tdro/model";
 * import assert from "node:assert/strict";
 *
 * await assert.rejects(checkModel("no/such/folder").next(), /Cannot read/);
 * ```
 */
export async function* checkModel(
  folder: string,
  options: CheckModelOptions = {},
): AsyncGenerator<ModelCheck, void, undefined> {
  const { signal, python, tolerance = 1e-4 } = options;
  const encoder = await loadEncoder(folder);
  try {
    const { config, parameters } = encoder;
    const count = [...parameters.values()].reduce((n, p) => n + p.size, 0);
    yield {
      check: "loads",
      ok: true,
      detail:
        `${config.modelType}, ${parameters.size} tensors, ${count} parameters`,
    };
    const texts = [...options.texts ?? PARITY_TEXTS];
    const checks: ((e: Encoder, texts: string[]) => Promise<ModelCheck>)[] = [
      checkFinite,
      checkLimit,
      checkBatchInvariance,
      checkRoundTrip,
      checkGradients,
    ];
    for (const check of checks) {
      signal?.throwIfAborted();
      yield await check(encoder, texts);
    }
    signal?.throwIfAborted();
    const reference = typeof options.reference === "string"
      ? await readModelReference(options.reference)
      : options.reference ??
        (python
          ? await makeModelReference(folder, texts, { python, signal })
          : undefined);
    if (reference) yield* checkReference(encoder, reference, tolerance);
    else {
      yield {
        check: "equals PyTorch",
        ok: null,
        detail: "no reference was given, nor a Python to make one",
      };
    }
  } finally {
    disposeEncoder(encoder);
  }
}

async function checkFinite(encoder: Encoder): Promise<ModelCheck> {
  for (const [name, parameter] of encoder.parameters) {
    const values = await parameter.data();
    const at = values.findIndex((x: number) => !Number.isFinite(x));
    if (at >= 0) {
      return {
        check: "weights are finite",
        ok: false,
        detail: `${name} has ${values[at]} at ${at}`,
      };
    }
  }
  return {
    check: "weights are finite",
    ok: true,
    detail: `${encoder.parameters.size} tensors`,
  };
}

/** Texts are cut to the limit, and keep the last token that a short one has. */
function checkLimit(encoder: Encoder, texts: string[]): Promise<ModelCheck> {
  const limit = lengthLimit(encoder, 16);
  const { ids, offsets } = tokenize(encoder, texts, { maxLength: limit });
  const lengths = texts.map((_, i) => offsets[i + 1]! - offsets[i]!);
  const full = lengths.lastIndexOf(Math.max(...lengths));
  const short = lengths.findIndex((n) => n > 1 && n < limit);
  const last = (i: number) => ids[offsets[i + 1]! - 1];
  const special = short >= 0 && poolings(encoder.modules).includes("lastToken");
  const longest = Math.max(...lengths);
  return Promise.resolve({
    check: "long texts are cut",
    ok: longest <= limit && (!special || last(full) === last(short)),
    detail: special
      ? `at ${longest} of ${limit} tokens, the last one is ${last(full)}`
      : `at ${longest} of ${limit} tokens`,
  });
}

/** A text gives the same vector alone and in company. */
async function checkBatchInvariance(
  encoder: Encoder,
  texts: string[],
): Promise<ModelCheck> {
  const together = await encodeTexts(encoder, texts);
  let worst = 0;
  for (const [i, text] of texts.entries()) {
    const alone = await encodeTexts(encoder, [text]);
    const row = together.data.subarray(
      i * together.dimension,
      (i + 1) * together.dimension,
    );
    worst = Math.max(worst, difference(alone.data, row));
  }
  return {
    check: "a text alone and in a batch",
    ok: worst <= SAME,
    detail: `differ by ${worst.toExponential(1)}`,
  };
}

async function checkRoundTrip(
  encoder: Encoder,
  texts: string[],
): Promise<ModelCheck> {
  if (!(await checkFinite(encoder)).ok) {
    return {
      check: "saved and loaded again",
      ok: null,
      detail: "weights that aren't finite are not saved",
    };
  }
  const folder = await Deno.makeTempDir({ prefix: "tdro-" });
  try {
    await saveEncoder(encoder, folder);
    const again = await loadEncoder(folder);
    try {
      const [a, b] = [
        await encodeTexts(encoder, texts),
        await encodeTexts(again, texts),
      ];
      const worst = difference(a.data, b.data);
      return {
        check: "saved and loaded again",
        ok: worst === 0,
        detail: `differs by ${worst.toExponential(1)}`,
      };
    } finally {
      disposeEncoder(again);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Training would reach every parameter that it should. */
async function checkGradients(
  encoder: Encoder,
  texts: string[],
): Promise<ModelCheck> {
  const tape = new Tape();
  const batch = tokenize(encoder, texts.slice(0, 4), { maxLength: 16 });
  const y = embed(encoder, batch, { tape });
  const dy = tf.tidy(() => tf.add(y, tf.sin(tf.mul(y, 100))));
  const gradients = tape.backward([[y, dy]]);
  const missing: string[] = [];
  for (const [name, parameter] of encoder.parameters) {
    if (!parameter.trainable) continue;
    const gradient = gradients.get(parameter);
    const values = await gradient?.data();
    if (!values?.every((x: number) => Number.isFinite(x))) missing.push(name);
  }
  tf.dispose([y, dy, ...gradients.values()]);
  return {
    check: "gradients are finite",
    ok: missing.length === 0,
    detail: missing.length === 0
      ? `for ${gradients.size} tensors`
      : `not for ${missing[0]} and ${missing.length - 1} others`,
  };
}

async function* checkReference(
  encoder: Encoder,
  { texts, ids, embeddings, madeWith }: ModelReference,
  tolerance: number,
): AsyncGenerator<ModelCheck> {
  const by = Object.entries(madeWith ?? {}).map((pair) => pair.join(" "))
    .join(", ") || "the reference";
  if (ids) {
    const ours = tokenize(encoder, texts);
    const wrong = texts.findIndex((_, i) =>
      ours.ids.subarray(ours.offsets[i], ours.offsets[i + 1]).join() !==
        ids[i]!.join()
    );
    yield {
      check: "token ids equal PyTorch's",
      ok: wrong < 0,
      detail: wrong < 0
        ? `${texts.length} texts`
        : `not those of text ${wrong}, ${
          JSON.stringify(texts[wrong]!.slice(0, 40))
        }`,
    };
  }
  const { data, dimension } = await encodeTexts(encoder, texts);
  let [worst, at] = [0, 0];
  embeddings.forEach((want, i) => {
    const row = data.subarray(i * dimension, (i + 1) * dimension);
    const gap = difference(row, want);
    if (!(gap <= worst)) [worst, at] = [gap, i];
  });
  yield {
    check: "embeddings equal PyTorch's",
    ok: worst <= tolerance,
    detail: `differ by ${worst.toExponential(1)} at most (text ${at}; ${by})`,
  };
}

/** Largest absolute difference; NaN and unequal lengths count as infinite. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const gap = Math.abs(a[i]! - b[i]!);
    if (!(gap <= worst)) worst = Number.isNaN(gap) ? Infinity : gap;
  }
  return worst;
}
