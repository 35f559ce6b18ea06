import type {
  DenseModel,
  OpenModelOptions,
} from "../../experiment/retriever/open_model.ts";
import { line } from "../../base/printable.ts";
import type { CommandIo } from "../io.ts";

/** Loads a model for searching, and says what computes it. */
export async function openDense(
  folder: string,
  options: OpenModelOptions,
  io: CommandIo,
): Promise<DenseModel> {
  const { openModel } = await import(
    "../../experiment/retriever/open_model.ts"
  );
  const opened = await openModel(folder, options);
  const { name, device, reason } = opened.backend;
  io.note(line`backend: ${name} on ${device}: ${reason}`);
  if (options.computeType) io.note(`products: ${options.computeType}`);
  return opened;
}
