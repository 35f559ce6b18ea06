import type { RunClaim } from "../run_claim.ts";
import { EARLIER_MINING } from "../settled_lengths.ts";

/** Lengths for mining by a model: of an earlier version's run, what that took. */
export function miningLengths(
  { record, state }: Pick<RunClaim, "record" | "state">,
): typeof EARLIER_MINING | undefined {
  return state === "unfinished" && !record.lengths ? EARLIER_MINING : undefined;
}
