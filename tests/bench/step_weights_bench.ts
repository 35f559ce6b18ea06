/**
 * Speed of the weight update at a size beyond any published run: 1,000 groups,
 * 4,096 examples a micro-batch. Plain arrays, one thread.
 */
import { exampleWeights } from "../../lib/dro/update/example_weights.ts";
import {
  type LossMeasure,
  measureLosses,
} from "../../lib/dro/update/measure_losses.ts";
import { stepWeights } from "../../lib/dro/update/step_weights.ts";
import { initialWeightState } from "../../lib/dro/update/weight_state.ts";
import { createRng } from "../../lib/sampling/create_rng.ts";

const GROUPS = 1_000;
const EXAMPLES = 4_096;

const rng = createRng(1, "bench");
const draw = (scale: number) =>
  Float32Array.from({ length: EXAMPLES }, () => scale * rng.next());
const observation = {
  losses: draw(5),
  referenceLosses: draw(4),
  domains: Array.from(
    { length: EXAMPLES },
    () => Math.floor(GROUPS * rng.next()),
  ),
};
const state = initialWeightState(
  Array.from({ length: GROUPS }, () => 1 / GROUPS),
);

const MEASURES: LossMeasure[] = ["released", "ratio-of-means", "difference"];
for (const measure of MEASURES) {
  Deno.bench(`stepWeights, ${measure}`, {
    group: "an update",
    baseline: measure === "released",
  }, () => {
    stepWeights(state, observation, { measure });
  });
}

const frozen = Array.from({ length: GROUPS / 2 }, (_, k) => k);
Deno.bench("stepWeights, half frozen", { group: "an update" }, () => {
  stepWeights(state, observation, { frozen });
});

Deno.bench("stepWeights, with floor and cap", { group: "an update" }, () => {
  stepWeights(state, observation, { bounds: { floor: 1e-4, cap: 0.01 } });
});

Deno.bench("measureLosses, released", { group: "parts" }, () => {
  measureLosses(observation, GROUPS);
});

Deno.bench("exampleWeights", { group: "parts" }, () => {
  exampleWeights(state.curr, observation.domains);
});
