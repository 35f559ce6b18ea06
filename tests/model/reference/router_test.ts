import assert from "node:assert/strict";
import {
  disposeTowers,
  encodeTexts,
  loadEncoder,
  loadTowers,
  modelInfo,
  modelPrompt,
  saveTowers,
} from "../../../lib/model/mod.ts";
import { maxDifference } from "../../_backends.ts";
import { fromFileUrl } from "../../_paths.ts";
import { TORCH_PYTHON } from "../../_pytorch.ts";
import { pythonCases } from "./_python_cases.ts";

/** Of what we save, these go back to Python. */
const ALSO_THERE = ["cut", "as mdbr-leaf"];

/** Vectors of the texts by both sides. */
interface BothSides {
  queries: number[][];
  documents: number[][];
}

/** What encode_query and encode_document make of the texts. */
async function inPython(folder: string, texts: string[]): Promise<BothSides> {
  const { success, stdout, stderr } = await new Deno.Command(TORCH_PYTHON, {
    args: [
      fromFileUrl(new URL("_router_vectors.py", import.meta.url)),
      folder,
      JSON.stringify(texts),
    ],
    env: { HF_HUB_OFFLINE: "1", TQDM_DISABLE: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/**
 * Checks that a folder's two models give these vectors; both compute in float32, see
 * `checkVectors()`.
 */
async function checkSides(
  folder: string,
  texts: string[],
  expected: BothSides,
): Promise<void> {
  const towers = await loadTowers(folder);
  try {
    for (
      const [kind, rows] of [
        ["query", expected.queries],
        ["passage", expected.documents],
      ] as const
    ) {
      const prompt = modelPrompt(towers[kind], kind);
      const { data, dimension } = await encodeTexts(towers[kind], texts, {
        prompt,
      });
      rows.forEach((row, i) => {
        const ours = data.subarray(i * dimension, (i + 1) * dimension);
        // Cut vectors aren't normalised there: theirs are ours but for the length.
        const { normalize, dim } = towers[kind].modules;
        const length = normalize && dim ? Math.hypot(...row) : 1;
        const size = Math.max(1, ...row.map(Math.abs));
        const off = maxDifference(ours, row.map((x) => x / length));
        assert.ok(off < 1e-5 * size, `${kind} ${i}: off by ${off}`);
      });
    }
  } finally {
    disposeTowers(towers);
  }
}

pythonCases({
  name: "a Router gives sentence-transformers' vectors, also saved by us",
  script: "router_cases.py",
  async test(one, texts) {
    const { folder } = one;
    const expected = one as unknown as BothSides;
    if (one.error) {
      await assert.rejects(
        loadTowers(folder),
        new RegExp(one.error as string),
      );
      return;
    }
    await checkSides(folder, texts, expected);
    await assert.rejects(loadEncoder(folder), /got "Router"; it has one model/);
    const { layers, passages } = await modelInfo(folder);
    assert.deepEqual([layers, passages?.layers], [1, 3]);
    const towers = await loadTowers(folder);
    await saveTowers(towers, `${folder}/again`);
    disposeTowers(towers);
    await checkSides(`${folder}/again`, texts, expected);
    if (!ALSO_THERE.includes(one.name)) return;
    const there = await inPython(`${folder}/again`, texts);
    await checkSides(folder, texts, there);
  },
});
