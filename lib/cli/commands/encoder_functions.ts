import type { BackendName, NearestRows, RowMatrix } from "../../backend/mod.ts";
import type { EncodeFunction } from "../../model/mod.ts";
import type { CommandIo } from "../io.ts";

/** A model ready to encode. */
export interface OpenedEncoder extends Disposable {
  /** Turns texts into vectors. */
  encode: EncodeFunction;
  /** Makes passages ready for exact search. */
  prepare: (passages: RowMatrix) => NearestRows;
}

/** Loads a model folder on the backend asked for. */
export async function openEncoder(
  folder: string,
  { backend: name, queryLength, passageLength, io }: {
    backend: BackendName | "auto";
    queryLength: number;
    passageLength: number;
    io: CommandIo;
  },
): Promise<OpenedEncoder> {
  const { nearestRows, useBackend } = await import("../../backend/mod.ts");
  const { disposeEncoder, encodeFunction, loadEncoder } = await import(
    "../../model/mod.ts"
  );
  const backend = await useBackend(name);
  io.note(`backend: ${backend.name} on ${backend.device}: ${backend.reason}`);
  const encoder = await loadEncoder(folder);
  return {
    encode: encodeFunction(encoder, { queryLength, passageLength }),
    prepare: (passages) => nearestRows(passages),
    [Symbol.dispose]: () => disposeEncoder(encoder),
  };
}
