import assert from "node:assert/strict";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  disposeEncoder,
  type Encoder,
  encodeTexts,
  loadEncoder,
} from "../../../lib/model/mod.ts";
import { maxDifference } from "../../_backends.ts";
import { fromFileUrl } from "../../_paths.ts";
import { TORCH_PYTHON, WITHOUT_TORCH } from "../../_pytorch.ts";

/** A folder that Python made, and what its libraries say of it. */
export interface PythonCase {
  /** What is special about it. */
  name: string;
  /** The folder. */
  folder: string;
  /** Vectors of the texts by sentence-transformers, `null` if there are none. */
  embeddings: number[][] | null;
  /** What else the script noted. */
  [more: string]: unknown;
}

/** What a script of cases made. */
export interface PythonCases {
  /** The texts of the vectors. */
  texts: string[];
  /** The folders. */
  cases: PythonCase[];
}

/** Runs a script of this folder, and `test` on each case that it made. */
export function pythonCases(
  { name, script, test }: {
    name: string;
    script: string;
    test: (one: PythonCase, texts: string[]) => Promise<void>;
  },
): void {
  Deno.test({
    name,
    ignore: WITHOUT_TORCH,
    fn: async (t) => {
      await useBackend("wasm");
      const out = await Deno.makeTempDir();
      const { success, stderr } = await new Deno.Command(TORCH_PYTHON, {
        args: [fromFileUrl(new URL(script, import.meta.url)), out],
        env: { HF_HUB_OFFLINE: "1", TQDM_DISABLE: "1" },
        stdout: "null",
        stderr: "piped",
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const { texts, cases }: PythonCases = JSON.parse(
        await Deno.readTextFile(`${out}/cases.json`),
      );
      for (const one of cases) {
        await t.step(one.name, () => test(one, texts));
      }
      await Deno.remove(out, { recursive: true });
    },
  });
}

/**
 * Checks that a folder gives the vectors that Python has. Both compute in
 * float32: rounding grows with the width and the layers, 1e-5 of vectors of
 * length 1 is far below what a wrong part does (1e-2 and more).
 */
export async function checkVectors(
  { folder, embeddings }: PythonCase,
  texts: string[],
  { change = (encoder) => encoder }: { change?: (e: Encoder) => Encoder } = {},
): Promise<void> {
  const encoder = change(await loadEncoder(folder));
  try {
    const { data, dimension } = await encodeTexts(encoder, texts);
    const scale = encoder.modules.normalize
      ? (row: number[]) => row.map((x) => x / Math.hypot(...row))
      : (row: number[]) => row;
    embeddings!.forEach((row, i) => {
      const ours = data.subarray(i * dimension, (i + 1) * dimension);
      const size = Math.max(1, ...row.map(Math.abs));
      const difference = maxDifference(ours, scale(row));
      assert.ok(difference < 1e-5 * size, `text ${i}: off by ${difference}`);
    });
  } finally {
    disposeEncoder(encoder);
  }
}
