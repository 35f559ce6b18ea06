import {
  initialWeightState,
  type ProxyModel,
  stepWeights,
  type StepWeightsOptions,
  type StrategyContext,
} from "../../../lib/dro/mod.ts";
import { createRng } from "../../../lib/sampling/mod.ts";

/** A world without models: how training on each task changes each dev loss. */
export interface SyntheticWorld {
  /** Row k: what one step on task k takes off each task's dev loss. */
  effects: readonly (readonly number[])[];
  /** The budget. */
  proxySteps: number;
  /** Seed for everything random. */
  seed?: number;
  /** Losses of proxy and reference by task, for `learnByLoss`. */
  losses?: { proxy: readonly number[]; reference: readonly number[] };
}

/** What a strategy did in such a world. */
export interface SyntheticContext extends StrategyContext {
  /** What the strategy kept for its mixture in training. */
  kept(): unknown;
  /** Proxies not freed yet. */
  open(): number;
  /** Options of the last call of `learnByLoss`. */
  update?: StepWeightsOptions;
}

/** A context whose proxies are tables of losses; steps are dealt out exactly. */
export function syntheticContext(
  { effects, proxySteps, seed = 1, losses }: SyntheticWorld,
): SyntheticContext {
  const names = effects.map((_, k) => `task${k}`);
  const tasks = names.length;
  let spent = 0;
  let open = 0;
  let kept: unknown;
  const pay = (cost: number) => {
    spent += cost;
    if (spent > proxySteps + 1e-9) throw new Error(`overspent: ${spent}`);
  };
  const costs = {
    devLosses: tasks / 3,
    gradients: tasks,
    lossStep: { withReference: 4 / 3, alone: 1 },
  };
  const model = (start: readonly number[]): ProxyModel => {
    let dev = [...start];
    open++;
    return {
      train(weights, steps) {
        pay(steps);
        const total = weights.reduce((a, b) => a + b, 0);
        dev = dev.map((loss, j) =>
          loss -
          effects.reduce(
            (sum, row, k) => sum + row[j]! * weights[k]! / total * steps,
            0,
          )
        );
        return Promise.resolve();
      },
      async watch(weights, steps) {
        const seen = [];
        for (let step = 0; step < steps; step++) {
          // The heaviest task, which is the only one in what strategies ask for.
          const domain = weights.indexOf(Math.max(...weights));
          seen.push({ domain, loss: dev[domain]! });
          await this.train(weights, 1);
        }
        return seen;
      },
      devLosses() {
        pay(costs.devLosses);
        return Promise.resolve([...dev]);
      },
      gradientProducts() {
        pay(costs.gradients);
        return Promise.resolve(effects.map((row) => [...row]));
      },
      copy: () => Promise.resolve(model(dev)),
      dispose: () => void open--,
    };
  };
  const context: SyntheticContext = {
    names,
    sizes: names.map((_, k) => 100 * (k + 1)),
    proxySteps,
    costs,
    spent: () => spent,
    keep: (value) => void (kept = value),
    kept: () => kept,
    again: (number, of) =>
      syntheticContext({
        effects,
        proxySteps: proxySteps / of,
        seed: seed + number,
        losses,
      }),
    open: () => open,
    rng: (purpose) => createRng(seed, purpose),
    proxy: () => Promise.resolve(model(names.map(() => 10))),
    async *learnByLoss({ steps, update, reference }) {
      context.update = update;
      let state = initialWeightState(names.map(() => 1 / tasks));
      for (let step = 0; step < steps; step++) {
        pay(reference ? costs.lossStep.withReference : costs.lossStep.alone);
        state = stepWeights(state, {
          losses: losses!.proxy,
          referenceLosses: reference ? losses!.reference : null,
          domains: names.map((_, k) => k),
        }, update);
        yield await Promise.resolve({ done: spent, total: proxySteps });
      }
      return state;
    },
  };
  return context;
}
