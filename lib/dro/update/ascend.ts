/** Optimiser of the log-weights (spec section 9). */
export type WeightOptimizer = "sgd" | "adamw" | "adagrad" | "rmsprop";

/** Settings of {@linkcode ascend}, all given. */
export interface AscendSettings {
  optimizer: WeightOptimizer;
  eta: number;
  weightDecay: number;
  weightEma: boolean;
  ema: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  rmspropAlpha: number;
}

/** Added to adagrad's root; fixed in the reference implementation. */
const ADAGRAD_EPSILON = 1e-10;

/** A log-weight, with the optimiser's moments. */
export interface LogWeight {
  u: number;
  first: number;
  second: number;
}

/**
 * Moves one log-weight up along its measure `h`. `step` counts updates from 1.
 * The optimisers are those of PyTorch, which descend: hence d = −h.
 */
export function ascend(
  { u, first, second }: LogWeight,
  { h, step }: { h: number; step: number },
  settings: AscendSettings,
): LogWeight {
  const { eta, weightDecay, epsilon } = settings;
  if (settings.optimizer === "adamw") {
    const { beta1, beta2 } = settings;
    first = beta1 * first + (1 - beta1) * -h;
    second = beta2 * second + (1 - beta2) * h * h;
    const mean = first / (1 - beta1 ** step);
    const root = Math.sqrt(second / (1 - beta2 ** step));
    // The decay comes first and multiplies the parameter, not the gradient.
    u = u * (1 - eta * weightDecay) - eta * mean / (root + epsilon);
    return { u, first, second };
  }
  const d = -h + weightDecay * u;
  switch (settings.optimizer) {
    case "sgd": {
      if (!settings.weightEma) return { u: u - eta * d, first, second };
      // Momentum m with dampening 1 − m multiplies both terms by m: not an
      // average, whatever the reference calls it (spec section 15, S12).
      const { ema } = settings;
      first = step === 1 ? d : ema * first + ema * d;
      return { u: u - eta * first, first, second };
    }
    case "adagrad":
      second += d * d;
      u -= eta * d / (Math.sqrt(second) + ADAGRAD_EPSILON);
      return { u, first, second };
    case "rmsprop": {
      const { rmspropAlpha: alpha } = settings;
      second = alpha * second + (1 - alpha) * d * d;
      u -= eta * d / (Math.sqrt(second) + epsilon);
      return { u, first, second };
    }
  }
}
