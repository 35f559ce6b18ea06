import { basename } from "node:path";
import { exists } from "../../base/files/exists.ts";
import { env } from "../../base/permissions.ts";
import type { WrittenModel } from "./write_model.ts";

/** A Python that quantises. */
export interface Quantiser {
  /**
   * Makes the variant of a model whose weights are whole numbers of 8 bits.
   *
   * @param paths The model, and the file to write.
   * @param external Whether weights lie in files of their own.
   * @throws {RangeError} If Python can't do it; the message has its last line.
   */
  quantise(
    paths: { from: string; to: string },
    external: boolean,
  ): Promise<WrittenModel>;
}

/**
 * A range for each column of a weight, of 7 bits: sums of products of 8 bits
 * overflow on processors without VNNI.
 */
const SCRIPT = `
import logging, os, sys
logging.disable(logging.WARNING)
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

source, target, external = sys.argv[1], sys.argv[2], sys.argv[3] == "1"
quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True,
                 reduce_range=True, use_external_data_format=external)
if external:
    model = onnx.load(target)
    os.remove(target)
    if os.path.exists(target + ".data"):
        os.remove(target + ".data")
    onnx.save_model(model, target, save_as_external_data=True,
                    location=os.path.basename(target) + "_data")
`;

/**
 * Finds a Python that has onnxruntime and onnx, before dear work rather than
 * after it.
 *
 * @param options Which Python; `TDRO_PYTHON` names one too.
 * @throws {RangeError} If it lacks them; the message says what to install.
 */
export async function findQuantiser(
  { python = env.get("TDRO_PYTHON") ?? "python3", signal }: {
    python?: string | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<Quantiser> {
  const run = async (args: string[]): Promise<void> => {
    const { success, stderr } = await new Deno.Command(python, {
      args,
      stdout: "null",
      stderr: "piped",
      ...signal ? { signal } : {},
    }).output();
    signal?.throwIfAborted();
    if (success) return;
    const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new RangeError(
      `Cannot quantise a model: ${python} must have onnxruntime and onnx: got ${said}; install them (pip install onnxruntime onnx), or name another Python by --python or TDRO_PYTHON`,
    );
  };
  try {
    await run(["-c", "import onnx, onnxruntime.quantization"]);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new RangeError(
      `Cannot quantise a model: python must name a Python with onnxruntime and onnx: got ${python}, which isn't there; name one by --python or TDRO_PYTHON`,
    );
  }
  return {
    async quantise({ from, to }, external) {
      await run(["-c", SCRIPT, from, to, external ? "1" : "0"]);
      const data = `${to}_data`;
      const files = external && await exists(data) ? [to, data] : [to];
      const sizes = await Promise.all(files.map((file) => Deno.stat(file)));
      return {
        name: basename(to),
        bytes: sizes.reduce((sum, { size }) => sum + size, 0),
        dataFiles: files.length - 1,
      };
    },
  };
}
