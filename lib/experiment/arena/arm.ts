import { join } from "node:path";
import { makeFolder } from "../../base/files/make_folder.ts";
import { readJsonIfThere, writeJson } from "../../base/files/json_file.ts";
import { readSealed, writeSealed } from "../../base/files/sealed_json.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import { prefixed } from "../../base/progress_rows.ts";
import { type Strategy, weightFile, writeWeightFile } from "../../dro/mod.ts";
import { type EvalReport, readReport } from "../../eval/mod.ts";
import { disposeEncoder, type Encoder } from "../../model/mod.ts";
import { writeCard } from "../card/write_card.ts";
import { readDev } from "../dev/dev_log.ts";
import { choose, WEIGHTS } from "./choose.ts";
import type { ArenaArm } from "./result.ts";
import { evaluateModel, watched } from "../stages/evaluate_arm.ts";
import { slugOf } from "./slug.ts";
import type { StageInput } from "../stages/stage_input.ts";
import { type Arm, trainArm } from "../stages/train_arm.ts";
import { trainMerged } from "./train_merged.ts";
import { timed } from "../timed.ts";
import { armSchema, secondsSchema } from "../stages/result_schemas.ts";

/** What an arm needs beside the seed's stage input. */
export interface ArmParts {
  /** Settings, rows, start and log of the seed. */
  input: StageInput;
  /** How its mixture is chosen. */
  strategy: Strategy;
  /** Proxy steps that it may spend. */
  budget: number;
  /** Most dev queries of a task whose loss is taken. */
  devQueries: number;
  /** The uniformly trained model of this seed. */
  reference(): Promise<Encoder>;
  /** The arm of another strategy with this seed, if it is finished. */
  finished(other: Strategy): Promise<ArenaArm | undefined>;
}

/** Name of the file with an arm's result. */
const RESULT = "result.json";

/**
 * One arm with one seed: chooses the mixture, trains a retriever on it and
 * evaluates it. Each part that is done is kept in the arm's folder, the result
 * last, so an interrupted arm goes on where it stopped.
 */
export async function* runArm(
  parts: ArmParts,
): AsyncGenerator<ProgressEvent, ArenaArm> {
  const { input, strategy } = parts;
  const { options, suite, rows } = input;
  const slug = slugOf(strategy.name);
  const folder = join(options.out, "arms", slug);
  const title = `${strategy.name}, seed ${options.seed}`;
  const before = await readArenaArm(options.out, strategy);
  if (before) {
    yield { stage: title, label: `${title}: done before`, done: 1, total: 1 };
    return before;
  }
  await makeFolder(folder);
  const seconds = await readJsonIfThere(
    join(folder, "seconds.json"),
    secondsSchema,
  ) ?? { learn: 0, train: 0, evaluate: 0 };

  /** Runs one part and adds up its time, also over tries. */
  const noted = <T>(
    part: keyof ArenaArm["seconds"],
    events: AsyncGenerator<ProgressEvent, T>,
  ) =>
    timed(events, async (spent) => {
      seconds[part] += spent;
      await writeJson(join(folder, "seconds.json"), seconds, 1);
    });

  const { kept, lossStages: _, ...choice } = yield* noted(
    "learn",
    choose(parts, folder, title, seconds),
  );
  const arm: Arm = {
    name: slug,
    weights: choice.weights,
    balance: strategy.balance,
    online: strategy.online &&
      ((training) =>
        strategy.online!(suite.tasks.length, { ...training, kept })),
    about:
      `The mixture is that of the strategy \`${strategy.name}\`: ${strategy.formula} (${strategy.source}).`,
  };
  const trained = yield* noted(
    "train",
    prefixed(
      title,
      strategy.merging
        ? trainMerged(input, arm, strategy.merging)
        : trainArm(input, arm),
    ),
  );
  if (strategy.online) {
    // What it was in the mean over the updates, for those who train on the file.
    await writeWeightFile(
      join(folder, WEIGHTS),
      weightFile({
        names: suite.tasks.map((task) => task.name),
        sizes: rows.map((r) => r.length),
        weights: [...trained.weights],
      }),
    );
  }
  let report: EvalReport;
  try {
    report = yield* noted(
      "evaluate",
      watched(evaluateModel(trained, input), suite.tasks.length, {
        stage: `${title}: evaluation`,
        label: `evaluating ${title}`,
      }),
    );
  } finally {
    disposeEncoder(trained.encoder);
  }
  await writeCard(trained.folder, {
    name: slug,
    arm: trained,
    options,
    suite,
    report,
  });
  const sizes = rows.map((r) => r.length);
  const total = sizes.reduce((a, b) => a + b, 0);
  const share = (rowsOf: (k: number) => number) =>
    suite.tasks.reduce((sum, _, k) => sum + rowsOf(k), 0) / total;
  const result: ArenaArm = {
    strategy: strategy.name,
    seed: options.seed,
    ...choice,
    // Of a mixture that changed, the mean over the updates.
    weights: [...trained.weights],
    dataUsed: share((k) => choice.weights[k]! > 0 ? sizes[k]! : 0),
    rowsSeen: share((k) => Math.min(trained.drawn[k]!, sizes[k]!)),
    // In the order in which it comes back from its file.
    seconds,
    ...trained.dev && {
      kept: trained.dev,
      course: (await readDev(options.out))
        .filter(({ stage }) => stage === slug),
    },
    report,
  };
  await writeSealed(join(folder, RESULT), {
    formula: strategy.formula,
    ...result,
  });
  return result;
}

/**
 * What an arm came to, if it is finished.
 *
 * @param out Folder of its seed.
 * @param strategy How its mixture was chosen.
 * @throws {RangeError} If the strategy had another formula then.
 */
export async function readArenaArm(
  out: string,
  { name, formula }: Pick<Strategy, "name" | "formula">,
): Promise<ArenaArm | undefined> {
  const folder = join(out, "arms", slugOf(name));
  const file = join(folder, RESULT);
  const before = await readSealed(file, {
    schema: armSchema,
    mend: "remove it to evaluate this arm anew",
  });
  if (!before) return;
  if (before.formula !== formula) {
    throw new RangeError(
      `Cannot compare with ${folder}: its weights were learned by ` +
        `another formula (${before.formula}); remove the folder or choose ` +
        "another with --out",
    );
  }
  const { formula: _, ...arm } = before;
  const report = await readReport(`${file}#report`);
  return { ...arm as unknown as ArenaArm, report };
}
