import { join } from "node:path";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { relay } from "../../base/relay.ts";
import { type Strategy, weightFile, writeWeightFile } from "../../dro/mod.ts";
import type { ArmParts } from "./arm.ts";
import { type Choice, readChoice, writeChoice } from "./choice.ts";
import { arenaContext } from "./context.ts";
import { derivedChoice } from "./derived_choice.ts";
import { Journal } from "./journal.ts";
import { chanceOfArm } from "./loss_stages.ts";
import type { ArenaArm } from "./result.ts";
import { slugOf } from "./slug.ts";

/** Name of the file with an arm's weights. */
export const WEIGHTS = "weights.json";

/** Chooses the weights, or takes those of an earlier try. */
export async function* choose(
  parts: ArmParts,
  folder: string,
  title: string,
  seconds: ArenaArm["seconds"],
): AsyncGenerator<ProgressEvent, Choice> {
  const { input, strategy, budget } = parts;
  const before = await readChoice(folder);
  if (before) return before;
  const journal = await Journal.open(join(folder, "journal.jsonl"));
  const context = arenaContext({
    ...parts,
    slug: slugOf(strategy.name),
    journal,
  });
  const stage = `${title}: mixture`;
  const label = `choosing a mixture (${title})`;
  const known = await derivedChoice(strategy, parts.finished, context);
  let weights: number[];
  try {
    if (known) {
      yield {
        stage,
        label:
          `${title}: its mixture follows from that of ${known.arm.strategy}`,
        done: 1,
        total: 1,
      };
    } else if (strategy.cost !== "0") {
      yield { stage, label, done: 0, total: budget };
    }
    weights = known ? known.weights : yield* relay(
      strategy.learn(context),
      ({ done, note }) => ({
        stage,
        label,
        done: Math.min(budget, Math.round(done)),
        total: budget,
        note,
      }),
      input.signal,
    );
  } finally {
    context.dispose();
  }
  checkWeights(weights, strategy, input.suite.tasks.length);
  await writeWeightFile(
    join(folder, WEIGHTS),
    weightFile({ names: context.names, sizes: context.sizes, weights }),
  );
  const lossStages = context.lossStages();
  const chance = await chanceOfArm(weights, input.log, lossStages);
  const choice: Choice = {
    weights,
    // As if it had chosen alone: that is what it would take without the other.
    proxySteps: known?.arm.proxySteps ?? context.spent(),
    referenceSteps: known?.arm.referenceSteps ??
      (context.usedReference() ? input.options.steps : 0),
    ...known && { weightsOf: known.arm.strategy },
    ...chance && { chance },
    ...lossStages.length > 0 && { lossStages },
    ...context.kept() !== undefined && { kept: context.kept() },
  };
  seconds.learn += known?.arm.seconds.learn ?? 0;
  await writeChoice(folder, choice);
  await journal.drop();
  return choice;
}

function checkWeights(
  weights: readonly number[],
  { name }: Strategy,
  tasks: number,
): void {
  const total = weights.reduce((a, b) => a + b, 0);
  if (
    weights.length === tasks && weights.every((w) => w >= 0) &&
    Math.abs(total - 1) < 1e-6
  ) return;
  throw new RangeError(
    `Cannot train on the weights of ${name}: they must be ${tasks} numbers >= 0 of sum 1: got ${
      weights.join(", ")
    }`,
  );
}
