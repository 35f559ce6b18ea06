import type {
  BackendName,
  CountBits,
  NearestRows,
  RowMatrix,
  StepMatrix,
} from "../../backend/mod.ts";
import type { InferencePrecision } from "../../backend/kernels/mod.ts";
import type { EncodeFunction } from "../../model/mod.ts";
import type { CommandIo } from "../io.ts";

/** A model ready to encode. */
export interface OpenedEncoder extends Disposable {
  /** Turns texts into vectors. */
  encode: EncodeFunction;
  /** Makes passages ready for exact search. */
  prepare: (passages: RowMatrix) => NearestRows;
  /** Makes passages of 8 bits ready for it, where that is compiled. */
  prepareSteps: (passages: StepMatrix) => NearestRows | undefined;
  /** Counts bits that differ, where that is compiled. */
  hamming: CountBits | undefined;
  /** Whether its vectors have a norm of 1. */
  normalizes: boolean;
}

/** Loads a model folder on the backend asked for. */
export async function openEncoder(
  folder: string,
  { backend: name, queryLength, passageLength, computeType, io }: {
    backend: BackendName | "auto";
    computeType?: InferencePrecision | undefined;
    queryLength?: number | undefined;
    passageLength?: number | undefined;
    io: CommandIo;
  },
): Promise<OpenedEncoder> {
  const { nativeHamming, nearestRows, nearestSteps, useBackend } = await import(
    "../../backend/mod.ts"
  );
  const {
    disposeTowers,
    encodeFunction,
    lengthLine,
    loadTowers,
    textLimits,
  } = await import("../../model/mod.ts");
  const backend = await useBackend(name);
  io.note(`backend: ${backend.name} on ${backend.device}: ${backend.reason}`);
  if (computeType) {
    const { checkPrecision } = await import("../../backend/kernels/mod.ts");
    checkPrecision(computeType);
    io.note(`products: ${computeType}`);
  }
  const towers = await loadTowers(folder);
  const limits = textLimits(towers, { queryLength, passageLength });
  io.note(
    lengthLine(limits, {
      maxLength: towers.passage.maxLength,
      open: passageLength === undefined,
    }),
  );
  return {
    encode: encodeFunction(towers, { ...limits, computeType }),
    prepare: (passages) => nearestRows(passages),
    prepareSteps: nearestSteps,
    hamming: nativeHamming(),
    normalizes: towers.passage.modules.normalize,
    [Symbol.dispose]: () => disposeTowers(towers),
  };
}
