import { ado } from "./ado.ts";
import { aioli } from "./aioli.ts";
import { balanced } from "./balanced.ts";
import { BALANCES } from "../../base/balance_names.ts";
import { climb } from "./climb.ts";
import { doge } from "./doge.ts";
import { doremi } from "./doremi.ts";
import { groupDro } from "./group_dro.ts";
import { infDds } from "./inf_dds.ts";
import { leaveOneOut } from "./leave_one_out.ts";
import { meanOf } from "./mean_of.ts";
import { manualMixture } from "./manual_mixture.ts";
import { suggest } from "../../base/nearest_names.ts";
import { odm } from "./odm.ts";
import { permuted } from "./permuted.ts";
import { randomTop } from "./random_top.ts";
import { olmix } from "./olmix.ts";
import { pike } from "./pike.ts";
import { proportionalMixture } from "./proportional_mixture.ts";
import { recipe, type RecipeName, RECIPES } from "./recipe.ts";
import { regmix } from "./regmix.ts";
import type { Strategy } from "./strategy.ts";
import { skillIt } from "./skill_it.ts";
import { soupOf } from "./soup_of.ts";
import { tdro } from "./tdro.ts";
import { temperatureMixture } from "./temperature_mixture.ts";
import { topOf } from "./top_of.ts";
import { uniformMixture } from "./uniform_mixture.ts";
import { velocitune } from "./velocitune.ts";

/** How a strategy is made from its name. */
export interface StrategyEntry {
  /**
   * Makes it.
   *
   * @param argument What follows the name after a hyphen, if it takes any.
   * @throws {RangeError} If the argument is missing or wrong.
   */
  make(argument?: string): Strategy;
  /** How to write the argument, for those that take one. */
  argument?: string;
}

/** Temperature where none is given: the multilingual models' 5. */
const TEMPERATURE = "5";

/** Every strategy by name, for command lines and configuration files. */
export const STRATEGIES: Readonly<Record<string, StrategyEntry>> = {
  uniform: { make: uniformMixture },
  proportional: { make: proportionalMixture },
  temperature: {
    argument: "T, by default 5",
    make: (text = TEMPERATURE) => {
      const temperature = Number(text);
      if (!(temperature > 0)) {
        fail(
          `temperature-T must have a number T > 0: got ${JSON.stringify(text)}`,
        );
      }
      return temperatureMixture(temperature);
    },
  },
  recipe: {
    argument: `a published recipe: ${Object.keys(RECIPES).join(", ")}`,
    make: (text = "") => {
      if (Object.hasOwn(RECIPES, text)) return recipe(text as RecipeName);
      return fail(
        `recipe must name one of ${
          Object.keys(RECIPES).join(", ")
        }, as in recipe-gte: got ${JSON.stringify(text)}`,
      );
    },
  },
  manual: {
    argument: "weights in the order of the tasks, e.g. 0.5/0.3/0.2",
    make: (text = "") => {
      const weights = text.split("/").map((part) =>
        part.trim() === "" ? NaN : Number(part)
      );
      if (weights.some((w) => !(w >= 0 && w < Infinity))) {
        fail(
          `manual must have weights >= 0, as in manual-0.5/0.3/0.2: got ${
            JSON.stringify(text)
          }`,
        );
      }
      return manualMixture(weights);
    },
  },
  tdro: { make: () => tdro() },
  "tdro-as-at": {
    argument: "the batch size at which the floor holds, e.g. 512",
    make: (text = "") => {
      const floorAsAt = text === "" ? NaN : Number(text);
      if (!(Number.isSafeInteger(floorAsAt) && floorAsAt >= 1)) {
        fail(
          `tdro-as-at-N must have an integer N >= 1, as in tdro-as-at-512: got ${
            JSON.stringify(text)
          }`,
        );
      }
      return tdro({ floorAsAt });
    },
  },
  "tdro-ratio-of-means": { make: () => tdro({ measure: "ratio-of-means" }) },
  odm: { make: odm },
  ado: {
    argument: "uniform: a uniform prior",
    make: (text) => ado({ prior: priorOf("ado", text) }),
  },
  pike: { make: pike },
  velocitune: { make: velocitune },
  random: {
    argument: "share of the tasks in percent, by default 70",
    make: (text = "70") => randomTop(text.trim() === "" ? NaN : Number(text)),
  },
  doremi: { make: doremi },
  "group-dro": { make: groupDro },
  doge: { make: doge },
  regmix: { make: regmix },
  olmix: {
    argument: "uniform: a uniform prior",
    make: (text) => olmix({ prior: priorOf("olmix", text) }),
  },
  climb: { make: climb },
  "leave-one-out": { make: leaveOneOut },
  "inf-dds": { make: infDds },
  aioli: { make: aioli },
  "skill-it": { make: skillIt },
};

/**
 * The strategy of a name.
 *
 * @param name A key of {@linkcode STRATEGIES}; where one takes an argument, it
 * follows after a hyphen: `"temperature-3"`, `"manual-0.5/0.3/0.2"`. With `-top-N`
 * at its end, only the heaviest N % of the tasks are kept: `"tdro-top-70"`; with
 * `-mean-N`, log-weights are averaged over N runs that share the budget:
 * `"tdro-mean-2-top-70"`; with `-permuted`, weights are dealt to the tasks by lot;
 * with `-soup-N` or `-slerp-N`, N retrievers are trained and merged; with
 * `-uncertainty`, `-gradnorm` or `-pcgrad`, the tasks of an update are weighed.
 * @returns The strategy.
 * @throws {RangeError} If there is none of that name; the message tells the
 * nearest one.
 *
 * @example Usage
 * ```ts
 * import { strategy } from "@tdro/tdro/dro";
 * import assert from "node:assert/strict";
 *
 * assert.equal(strategy("doge").name, "doge");
 * assert.equal(strategy("temperature-3").name, "temperature-3");
 * assert.equal(strategy("tdro-top-70").name, "tdro-top-70");
 * assert.equal(strategy("tdro-mean-2").name, "tdro-mean-2");
 * assert.throws(() => strategy("doremi2"), /did you mean doremi/);
 * ```
 */
export function strategy(name: string): Strategy {
  if (name === "tdro-paper") return tdro({ measure: "ratio-of-means" }); // its earlier name
  const top = /^(.+)-top-(\d+(?:\.\d+)?)$/.exec(name);
  if (top) return topOf(strategy(top[1]!), Number(top[2]));
  if (name.endsWith("-permuted")) {
    return permuted(strategy(name.slice(0, -"-permuted".length)));
  }
  const soup = /^(.+)-(soup|slerp)-(\d+)$/.exec(name);
  if (soup) {
    const by = soup[2] === "soup" ? "mean" : "slerp";
    return soupOf(strategy(soup[1]!), Number(soup[3]), by);
  }
  const balance = BALANCES.find((each) => name.endsWith(`-${each}`));
  if (balance) {
    return balanced(strategy(name.slice(0, -balance.length - 1)), balance);
  }
  const mean = /^(.+)-mean-(\d+)$/.exec(name);
  if (mean) return meanOf(strategy(mean[1]!), Number(mean[2]));
  const exact = Object.hasOwn(STRATEGIES, name) ? STRATEGIES[name] : undefined;
  if (exact) return exact.make();
  for (const [prefix, { make, argument }] of Object.entries(STRATEGIES)) {
    if (argument && name.startsWith(`${prefix}-`)) {
      return make(name.slice(prefix.length + 1));
    }
  }
  const names = Object.keys(STRATEGIES);
  const near = suggest(name, names);
  return fail(
    `there is none named ${JSON.stringify(name)}${
      near ? ` (did you mean ${near}?)` : ""
    }; the names are ${names.join(", ")}`,
  );
}

/** The prior that an argument names, if any does. */
function priorOf(name: string, text?: string): "proportional" | "uniform" {
  if (text === undefined) return "proportional";
  if (text === "uniform") return text;
  return fail(
    `${name} takes no argument but uniform, as in ${name}-uniform: got ${
      JSON.stringify(text)
    }`,
  );
}

function fail(reason: string): never {
  throw new RangeError(`Cannot find a strategy: ${reason}`);
}
