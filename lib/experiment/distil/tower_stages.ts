import type { ProgressEvent } from "../../base/progress_event.ts";
import type { Suite, TrainExample } from "../../data/mod.ts";
import { type Encoder, loadEncoder, saveTowers } from "../../model/mod.ts";
import type { Batch, BatchesOptions } from "../../sampling/mod.ts";
import { infoNce, matchVectors } from "../../train/mod.ts";
import { asTrained } from "../stages/as_trained.ts";
import type { StageInput } from "../stages/stage_input.ts";
import type { ArmTraining } from "../stages/train_arm.ts";
import type { DistilSettings } from "./distil_options.ts";
import type { Teacher, VectorTable } from "./teacher.ts";
import { towerCard } from "./tower_card.ts";

/** How the batches of a query tower are drawn: each row has its prefix already. */
export function towerSampling(passages: number): Partial<BatchesOptions> {
  return { passages, prompts: undefined } as Partial<BatchesOptions>;
}

/** What both phases do with a tower. */
function towerKeeping(
  input: Pick<StageInput, "options" | "suite">,
  { teacher, name, student }: {
    teacher: Teacher;
    name: string;
    student: string;
  },
): Pick<ArmTraining, "asKept" | "load" | "save" | "card"> {
  const { passage } = teacher.towers;
  return {
    asKept: (encoder) => asDistilled(encoder, teacher, input),
    load: (folder) => loadEncoder(folder, { side: "query" }),
    save: (query, folder) =>
      saveTowers({ query, passage }, folder, {
        passageModel: teacher.origin.model!.passages ??
          teacher.origin.model!.sha256,
      }),
    card: (folder, arm) =>
      towerCard(folder, { ...input, name, arm, teacher, student }),
  };
}

/** The first phase: the teacher's vectors of queries. */
export function distilling(
  input: Pick<StageInput, "options" | "suite">,
  { teacher, settings, targets }: {
    teacher: Teacher;
    settings: DistilSettings;
    /** Of each task's rows. */
    targets: readonly VectorTable[];
  },
): ArmTraining {
  const { squared, cosine, student } = settings;
  return {
    ...towerKeeping(input, { teacher, name: DISTILLED, student }),
    training: () => ({
      loss: matchVectors({ squared, cosine }),
      frozenPassages: ({ examples }) =>
        rowsOf(examples.map(({ domain, row }) => [targets[domain]!, row])),
    }),
    sampling: towerSampling(1),
  };
}

/** The second phase: labels, with the teacher's vectors of passages. */
export function refining(
  input: Pick<StageInput, "options" | "suite">,
  { teacher, settings, passages }: {
    teacher: Teacher;
    settings: DistilSettings;
    /** Of each task's corpus. */
    passages: readonly VectorTable[];
  },
): ArmTraining {
  const places = input.suite.tasks.map(({ corpus }) =>
    new Map([...corpus.keys()].map((id, place) => [id, place]))
  );
  const { temperature, scoreMb, student } = settings;
  return {
    ...towerKeeping(input, { teacher, name: REFINED, student }),
    training: () => ({
      loss: infoNce({ temperature, scoreMb }),
      frozenPassages: ({ examples }: Batch) =>
        rowsOf(
          examples.flatMap(({ domain, passages: own }) =>
            own.map(({ id }): [VectorTable, number] => [
              passages[domain]!,
              places[domain]!.get(id)!,
            ])
          ),
        ),
    }),
    sampling: towerSampling(settings.passages),
  };
}

/** Names of the two phases' towers. */
export const DISTILLED = "distilled";
/** See {@linkcode DISTILLED}. */
export const REFINED = "refined";

function rowsOf(rows: readonly [VectorTable, number][]): Float32Array {
  const { dimension } = rows[0]![0];
  const out = new Float32Array(rows.length * dimension);
  rows.forEach(([{ data }, row], i) =>
    out.set(
      data.subarray(row * dimension, (row + 1) * dimension),
      i * dimension,
    )
  );
  return out;
}

/** A query tower with the teacher's prompts, and its lengths. */
export function asDistilled(
  encoder: Encoder,
  teacher: Teacher,
  input: Pick<StageInput, "options" | "suite">,
): Encoder {
  const { queryLength, passageLength, prompts } = teacher.encoding;
  const trained = asTrained(encoder, input);
  const { passage } = teacher.towers;
  return {
    ...trained,
    modules: {
      ...trained.modules,
      // A query alone goes through it.
      maxLength: Math.min(encoder.maxLength, queryLength),
      lengths: {
        query: Math.min(encoder.maxLength, queryLength),
        passage: Math.min(passage.maxLength, passageLength),
      },
      ...prompts === "model" && {
        prompts: teacher.towers.query.modules.prompts ?? {},
      },
    },
  };
}

/** The teacher's vectors of what each task's rows have as queries. */
export async function* targetsOf(
  rows: readonly (readonly TrainExample[])[],
  { teacher, suite, signal }: {
    teacher: Teacher;
    suite: Suite;
    signal: AbortSignal | undefined;
  },
): AsyncGenerator<ProgressEvent, VectorTable[]> {
  return yield* byTask(suite, "encoding queries with the teacher", {
    signal,
    each: (task, k) =>
      teacher.queries(
        task.name,
        rows[k]!.map(({ query }) => query),
        signal,
      ),
  });
}

/** The teacher's vectors of each task's passages. */
export async function* passagesOf(
  suite: Suite,
  { teacher, signal }: {
    teacher: Teacher;
    signal: AbortSignal | undefined;
  },
): AsyncGenerator<ProgressEvent, VectorTable[]> {
  return yield* byTask(suite, "encoding passages with the teacher", {
    signal,
    each: (task) => teacher.passages(task, signal),
  });
}

async function* byTask(
  { tasks }: Suite,
  label: string,
  { signal, each }: {
    signal: AbortSignal | undefined;
    each: (task: Suite["tasks"][number], k: number) => Promise<VectorTable>;
  },
): AsyncGenerator<ProgressEvent, VectorTable[]> {
  const event = { stage: "teacher", label, total: tasks.length };
  const tables: VectorTable[] = [];
  for (const [k, task] of tasks.entries()) {
    yield { ...event, done: k, note: task.name };
    signal?.throwIfAborted();
    tables.push(await each(task, k));
  }
  yield { ...event, done: tasks.length };
  return tables;
}
