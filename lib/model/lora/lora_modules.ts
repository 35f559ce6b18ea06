import type { Encoder } from "../encode/encoder.ts";
import type { LoraConfig } from "./lora_config.ts";

/** Names of an adapter's two factors, of shapes `[r, in]` and `[out, r]`. */
export const factorsOf = (module: string) =>
  ({ a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight` }) as const;

/** Whether a parameter belongs to an adapter. */
export function isFactor(name: string): boolean {
  return /\.lora_[AB]\.weight$/.test(name);
}

/** Tables, maps after pooling, and what no embedding depends on. */
const OTHERS =
  /(_embeddings|embed_tokens|shared|relative_attention_bias)\.weight$|^dense\.\d|(^|\.)pooler\./;

/** Names of a transformer's affine maps, without `.weight`. */
export function linearModules({ parameters }: Encoder): string[] {
  return [...parameters].flatMap(([name, { shape }]) =>
    shape.length === 2 && name.endsWith(".weight") && !OTHERS.test(name) &&
      !isFactor(name)
      ? [name.slice(0, -".weight".length)]
      : []
  );
}

/**
 * The pooler's map of a BERT, and of an ALBERT: peft adapts it too where targets
 * are "all-linear" or "dense". No embedding depends on it, but what is saved has it.
 */
export const POOLERS: readonly string[] = ["pooler.dense", "pooler"];

/** Names of the affine maps that have an adapter. */
export function adaptedModules({ parameters }: Encoder): string[] {
  const end = ".lora_A.weight";
  return [...parameters.keys()].flatMap((name) =>
    name.endsWith(end) ? [name.slice(0, -end.length)] : []
  );
}

/** The maps that a configuration's targets name; peft matches the same way. */
export function targetModules(
  encoder: Encoder,
  { targets }: Pick<LoraConfig, "targets">,
): string[] {
  const modules = linearModules(encoder);
  if (targets === "all-linear") return modules;
  const hits = (target: string) =>
    modules.filter((name) => name === target || name.endsWith(`.${target}`));
  for (const target of targets) {
    if (hits(target).length > 0) continue;
    const known = new Set(
      modules.map((name) => name.replace(/^.*layers?\.\d+\./, "")),
    );
    throw new RangeError(
      `Cannot make a LoRA adapter: targets must name maps of the model (${
        [...known].join(", ")
      }): got ${JSON.stringify(target)}`,
    );
  }
  const wanted = new Set(targets.flatMap(hits));
  return modules.filter((name) => wanted.has(name));
}
