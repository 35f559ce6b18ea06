import { z } from "zod";

/** Options that name an arm of an arena. */
export interface ArmOptions {
  /** Its strategy. */
  strategy?: string | undefined;
  /** Its seed. */
  seed?: number | undefined;
}

/** Their schema. */
export const armShape = {
  strategy: z.string().min(1).optional().meta({ placeholder: "NAME" }).describe(
    "Of the folder of an arena: the strategy whose weights are meant",
  ),
  seed: z.number().int().min(0).optional().describe(
    "Of the folder of an arena with several seeds: the one that is meant",
  ),
};

/** Refuses a seed without a strategy, which would mean nothing. */
export function refuseIdleSeed({ strategy, seed }: ArmOptions): void {
  if (seed === undefined || strategy !== undefined) return;
  throw new RangeError(
    "Cannot choose an arm: --seed is of an arena, and needs --strategy; name the strategy, or leave --seed out",
  );
}

/** Says whose weights they are, where an arm's follow from another's. */
export function ofNote(strategy: string, of: string): string {
  return `the weights of ${strategy} follow from those of ${of}, which this is about`;
}
