/** Takes job 7 of a plan and keeps it. Usage: deno run -A _hold_claim.ts PLAN BEAT */
import { Claims } from "../../../lib/experiment/jobs/claims.ts";

const [folder, beat] = Deno.args as [string, string];
await new Claims(folder, { beat: Number(beat) }).take(7);
console.log("taken");
