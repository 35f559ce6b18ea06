import type { EvalReport, TaskReport } from "../../../eval/mod.ts";
import type { ProgressEvent } from "../../../base/progress_event.ts";
import { watched } from "../../watched.ts";

/** Tells of the texts of a task encoded so far. */
type OnProgress = (task: string, done: number) => void;

/**
 * An evaluation as progress events: texts done of all texts, if the number of each
 * task's is known. Within a task they come from a callback, looked at ten times a
 * second.
 */
export async function* evaluationProgress(
  sizes: readonly number[],
  start: (
    onProgress: OnProgress,
  ) => Promise<AsyncGenerator<TaskReport, EvalReport>>,
): AsyncGenerator<ProgressEvent, EvalReport> {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  let within = 0;
  let note = "";
  const event = (): ProgressEvent => ({
    stage: "evaluation",
    label: "evaluating, texts",
    done: total === 0 ? before + within : Math.min(total, before + within),
    total,
    note,
  });
  const reports = await start((task, done) => {
    within = done;
    note = task;
  });
  for (let k = 0;; k++) {
    yield event();
    const next = yield* watched(reports.next(), event);
    if (next.done) return next.value;
    before += sizes[k] ?? next.value.passages;
    within = 0;
    note = next.value.task;
  }
}
