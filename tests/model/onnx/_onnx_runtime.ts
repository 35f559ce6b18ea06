import assert from "node:assert/strict";
import { fromFileUrl } from "../../_paths.ts";

/** Python with onnxruntime and onnx. */
export const ONNX_PYTHON: string = Deno.env.get("TDRO_PYTHON") ?? "python3";

/** Whether tests that need it are to be left out. */
export const WITHOUT_ONNX: boolean =
  Deno.env.get("TDRO_REQUIRE_ONNX") !== "1" && !hasRuntime();

function hasRuntime(): boolean {
  try {
    return new Deno.Command(ONNX_PYTHON, {
      args: [
        "-c",
        "import importlib.util as u; import sys; sys.exit(not all(u.find_spec(m) for m in ('onnx', 'onnxruntime')))",
      ],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** A padded batch. */
export interface OnnxBatch {
  /** Token ids, `[B, L]`. */
  input_ids: number[][];
  /** 1 where there is a token. */
  attention_mask: number[][];
}

/** What a model made of its batches. */
export interface OnnxOutput {
  /** Names of its inputs. */
  inputs: string[];
  /** Names and shapes of its outputs. */
  outputs: [name: string, shape: (string | number)[]][];
  /** Of each batch. */
  batches: { hidden: number[][][]; vectors: number[][] }[];
}

/** Checks models by onnx, and runs them by onnxruntime, all in one process. */
export async function runOnnx(
  jobs: readonly { path: string; batches: OnnxBatch[] }[],
): Promise<OnnxOutput[]> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/jobs.json`, JSON.stringify(jobs));
  const { success, stderr } = await new Deno.Command(ONNX_PYTHON, {
    args: [fromFileUrl(new URL("_run_onnx.py", import.meta.url)), folder],
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const found = JSON.parse(await Deno.readTextFile(`${folder}/outputs.json`));
  await Deno.remove(folder, { recursive: true });
  return found;
}

/** Rows of ids as a batch, padded on one side with ids that must not count. */
export function padded(
  rows: readonly number[][],
  side: "left" | "right",
): OnnxBatch {
  const L = Math.max(...rows.map((row) => row.length));
  const joined = (row: number[], fill: number[]) =>
    side === "right" ? [...row, ...fill] : [...fill, ...row];
  const fill = (row: number[], value: number) =>
    new Array<number>(L - row.length).fill(value);
  return {
    input_ids: rows.map((row) => joined(row, fill(row, 3))),
    attention_mask: rows.map((row) => joined(row.map(() => 1), fill(row, 0))),
  };
}
