import { checkGradient, noise, onBackends } from "../_backends.ts";
import { tanh } from "../../lib/backend/kernels/mod.ts";

onBackends("tanh() has its gradient", () => {
  checkGradient((x) => tanh(x), [{ shape: [3, 4], values: noise(12, 2) }]);
});
