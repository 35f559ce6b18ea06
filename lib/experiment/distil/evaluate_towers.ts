import { join } from "node:path";
import { type BackendName, useBackend } from "../../backend/mod.ts";
import { writeJson } from "../../base/files/json_file.ts";
import type { ProgressEvent } from "../../base/progress_event.ts";
import type { EvalReport } from "../../eval/mod.ts";
import { disposeTowers, type Encoder, loadTowers } from "../../model/mod.ts";
import { MEASURED, watched } from "../stages/evaluate_arm.ts";
import type { TrainedArm } from "../stages/train_arm.ts";
import { querySpeed } from "./speed.ts";
import { originOf } from "./teacher.ts";
import { towerCard } from "./tower_card.ts";
import { parameterCounts, type TowerRow, towerScores } from "./tower_rows.ts";
import type { Work } from "./work.ts";

/** Evaluates the teacher and its towers, and writes `eval.json` and the cards. */
export async function* evaluateTowers(
  towers: readonly TrainedArm[],
  work: Work,
): AsyncGenerator<ProgressEvent, Record<string, EvalReport>> {
  const { teacher, suite, pooled, options, settings, backend, signal } = work;
  const reports: Record<string, EvalReport> = {};
  const evaluated = (
    name: string,
    { encoder, origin }: { encoder: Encoder; origin: EvalReport["origin"] },
  ) =>
    watched(
      teacher.evaluate(encoder, pooled?.suite ?? suite, {
        ...MEASURED,
        computeType: options.computeType,
        ...pooled && { pool: pooled.origin.sha256 },
        ...origin && { origin },
        ...signal && { signal },
      }),
      suite.tasks.length,
      { stage: "evaluation", label: `evaluating ${name} on the test splits` },
    );
  const { origin, towers: { query } } = teacher;
  reports[TEACHER] = yield* evaluated("the teacher", {
    encoder: query,
    origin,
  });
  for (const arm of towers) {
    const { name, folder, encoder } = arm;
    const { encoding, towers } = teacher;
    const origin = await originOf(folder, { encoding, towers, backend });
    const model = { ...origin.model!, name: join("models", name) };
    const report = yield* evaluated(name, {
      encoder,
      origin: { ...origin, model },
    });
    reports[name] = report;
    const { student } = settings;
    await towerCard(folder, { ...work, name, arm, teacher, student, report });
  }
  await writeJson(join(options.out, "eval.json"), reports, 1);
  return reports;
}

/** What `eval.json` calls the teacher, as other runs call what they start from. */
const TEACHER = "start";

/** Queries that speed is measured on. */
const SPEED_QUERIES = 256;

/** The table: the teacher and its towers, with their speed on each backend. */
export async function* towerRows(
  towers: readonly TrainedArm[],
  { teacher, options, rows, reports, speed, backend, signal }: Work & {
    reports: Record<string, EvalReport> | undefined;
    speed: readonly BackendName[];
  },
): AsyncGenerator<ProgressEvent, TowerRow[]> {
  const { towers: { query }, folder } = teacher;
  const found = [
    { name: TEACHER, folder, encoder: query },
    ...towers,
  ];
  const table = found.map(({ name, encoder }): TowerRow => ({
    tower: name === TEACHER ? "teacher" : name,
    layers: encoder.config.layers,
    ...parameterCounts(encoder),
    ...reports &&
      towerScores(reports[name]!, reports[TEACHER]!, options.seed),
    speed: [],
  }));
  const each = Math.ceil(SPEED_QUERIES / rows.length);
  const texts = rows.flatMap((own) =>
    own.slice(0, each).map(({ query }) => query.text)
  );
  const event = {
    stage: "speed",
    label: "measuring the towers' speed",
    total: speed.length * found.length,
  };
  let done = 0;
  try {
    for (const name of speed) {
      const used = name === backend.name ? backend : await useBackend(name);
      for (const [i, { folder, encoder }] of found.entries()) {
        yield { ...event, done: done++, note: name };
        signal?.throwIfAborted();
        const other = used === backend ? undefined : await loadTowers(folder);
        try {
          table[i]!.speed.push(
            await querySpeed(other?.query ?? encoder, texts, {
              maxLength: options.queryLength,
              backend: used,
            }),
          );
        } finally {
          if (other) disposeTowers(other);
        }
      }
    }
  } finally {
    await useBackend(backend.name);
  }
  yield { ...event, done };
  return table;
}
