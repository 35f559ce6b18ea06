import { tanh } from "../../lib/backend/mod.ts";
import { checkGradient, noise, onBackends } from "../_backends.ts";

onBackends("tanh() has its gradient", () => {
  checkGradient((x) => tanh(x), [{ shape: [3, 4], values: noise(12, 2) }]);
});
