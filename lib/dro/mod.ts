export { lossProxy } from "./loss_proxy.ts";
export { stepWeights } from "./step_weights.ts";
export { initialWeightState } from "./weight_state.ts";
export { exampleWeights } from "./example_weights.ts";
