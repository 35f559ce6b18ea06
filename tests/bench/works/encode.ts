import { join } from "node:path";
import { passageText } from "../../../lib/data/mod.ts";
import type { InferencePrecision } from "../../../lib/backend/kernels/mod.ts";
import { encodeTexts, loadEncoder } from "../../../lib/model/mod.ts";
import { ROOT } from "../../_paths.ts";
import { benchTexts, useBenchBackend } from "../_device.ts";
import type { Work } from "../_work.ts";
import { buildDocsSuite } from "../../../lib/docs_suite/mod.ts";

/** Encodes real passages with all-MiniLM-L6-v2. */
export async function setup(
  quick: boolean,
  folder: string,
  precision: InferencePrecision = "float32",
): Promise<Work> {
  await useBenchBackend();
  const model = join(ROOT, ".cache", "models", "all-MiniLM-L6-v2");
  const encoder = await loadEncoder(model).catch((cause) => {
    throw new Error(`run "deno task setup --minilm" first`, { cause });
  });
  const suite = await buildDocsSuite();
  const texts = suite.tasks.flatMap((task) =>
    [...task.corpus.values()].map(passageText)
  );
  const count = benchTexts() ?? (quick ? 500 : 5000);
  const step = texts.length / count;
  const chosen = Array.from(
    { length: count },
    (_, i) => texts[Math.floor(i * step)]!,
  );
  await Deno.writeTextFile(
    join(folder, "encode.json"),
    JSON.stringify({ model, texts: chosen }),
  );
  const { data } = await encodeTexts(encoder, chosen.slice(0, 1));
  return {
    check: data[0]!,
    tokens: encoder.tokenizer.encode(chosen, { maxLength: 256 }).ids
      .reduce((sum, ids) => sum + ids.length, 0),
    round: async () => void await encodeTexts(encoder, chosen, { precision }),
  };
}
