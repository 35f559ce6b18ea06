import { readShared, shared } from "../_shared.ts";

/** Folder of the tiny checkpoints. */
export const CHECKPOINTS = "fixtures/models/checkpoints";

/** Names of the tiny checkpoints; empty where the shared folder is absent. */
export function checkpointNames(): string[] {
  try {
    return [...Deno.readDirSync(shared(CHECKPOINTS))]
      .map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

/** Hidden states at some positions of a text, first components only. */
export interface ExpectedHidden {
  values: Record<string, number[]>;
  mean: number;
  std: number;
}

/** One padded batch and what PyTorch made of it. */
export interface ExpectedBatch {
  mode: "special" | "eos" | "plain";
  padding_side: "left" | "right";
  input_ids: number[][];
  attention_mask: number[][];
  last_hidden_state: Record<string, ExpectedHidden | null>;
  embeddings: Record<string, Record<string, number[] | null>>;
}

/** What PyTorch computed from a tiny checkpoint. */
export interface Expected {
  texts: Record<string, string>;
  max_length: number;
  batches: ExpectedBatch[];
  long_untruncated: {
    input_ids: number[][];
    last_hidden_state: Record<string, ExpectedHidden>;
    embeddings: Record<string, Record<string, number[]>>;
  };
  debug_layers: {
    input_ids: number[];
    position: number;
    hidden_states: number[][];
  };
  rope?: {
    inv_freq?: number[];
    attention_scaling?: number;
    full_attention_inv_freq?: number[];
    sliding_attention_inv_freq?: number[];
  };
}

/** What PyTorch computed from a tiny checkpoint. */
export function expected(name: string): Expected {
  return readShared(`${CHECKPOINTS}/${name}/expected.json`);
}
