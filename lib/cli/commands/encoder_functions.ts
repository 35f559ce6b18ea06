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
    queryLength?: number | undefined;
    passageLength?: number | undefined;
    io: CommandIo;
  },
): Promise<OpenedEncoder> {
  const { nearestRows, useBackend } = await import("../../backend/mod.ts");
  const {
    disposeEncoder,
    encodeFunction,
    lengthLine,
    loadEncoder,
    textLimits,
  } = await import("../../model/mod.ts");
  const backend = await useBackend(name);
  io.note(`backend: ${backend.name} on ${backend.device}: ${backend.reason}`);
  const encoder = await loadEncoder(folder);
  const limits = textLimits(encoder, { queryLength, passageLength });
  io.note(
    lengthLine(limits, {
      maxLength: encoder.maxLength,
      open: passageLength === undefined,
    }),
  );
  return {
    encode: encodeFunction(encoder, limits),
    prepare: (passages) => nearestRows(passages),
    [Symbol.dispose]: () => disposeEncoder(encoder),
  };
}
