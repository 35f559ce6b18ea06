import * as tf from "@tensorflow/tfjs-core";
import { readValues, type Variable } from "../../backend/mod.ts";
import type { Message } from "../../workers/mod.ts";
import type { Encoder } from "../encode/encoder.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** What is told of an encoder before its parameters; JSON-serialisable. */
export interface EncoderAbout
  extends Pick<Encoder, "config" | "modules" | "lora"> {
  /** Number that it goes by. */
  id: number;
}

/** What is told of one parameter, beside its values. */
export interface ParameterAbout {
  /** Number of the encoder. */
  id: number;
  /** Its name. */
  name: string;
  /** Its shape. */
  shape: number[];
  /** Whether it is trainable. */
  trainable: boolean;
}

/** The messages that carry a parameter, made when their turn comes. */
export async function parameterMessage(
  id: number,
  name: string,
  parameter: Variable,
): Promise<Pick<Message, "about" | "arrays">> {
  const { shape, trainable } = parameter;
  const about: ParameterAbout = { id, name, shape, trainable };
  const values = await readValues(parameter) as Float32Array<ArrayBuffer>;
  return { about, arrays: [values] };
}

/** An encoder without parameters yet, as it was told. */
export function bareEncoder(
  { config, modules, lora }: EncoderAbout,
): Encoder & { parameters: Map<string, Variable> } {
  const encoder = {
    config,
    modules,
    maxLength: modules.maxLength ?? Infinity,
    parameters: new Map<string, Variable>(),
    tokenizer: NO_TOKENIZER,
  };
  return lora ? { ...encoder, lora } : encoder;
}

/** Puts a parameter's values into an encoder; a new one where it has none yet. */
export function putParameter(
  { parameters }: { parameters: Map<string, Variable> },
  { name, shape, trainable }: ParameterAbout,
  values: Float32Array,
): void {
  tf.tidy(() => {
    const tensor = tf.tensor(values, shape, "float32");
    const before = parameters.get(name);
    if (before) return before.assign(tensor);
    parameters.set(name, tf.variable(tensor, trainable));
  });
}

/** Texts come as token ids: worker 0 has the tokenizer. */
const NO_TOKENIZER = new Proxy({} as Tokenizer, {
  get(_, name) {
    throw new TypeError(
      `Only worker 0 has a tokenizer: ${String(name)} was asked for`,
    );
  },
});
