import type { Run } from "../../../data/mod.ts";
import type { EvalOrigin, EvalReport, TaskReport } from "../../../eval/mod.ts";
import type { OpenedEncoder } from "../encoder_functions.ts";
import type { EvalPlan } from "./options.ts";
import { runWriter } from "../run_writer.ts";
import type { CommandIo } from "../../io.ts";

/** Starts the evaluation of a benchmark by its own rules. */
export async function evaluateBenchmark(
  options: EvalPlan,
  { encoder, origin, onProgress, metricsGiven, io }: {
    encoder: Omit<OpenedEncoder, typeof Symbol.dispose>;
    /** Whether the metrics were asked for: MKQA has others than the rest. */
    metricsGiven: boolean;
    origin: EvalOrigin;
    onProgress: (task: string, done: number) => void;
    io: CommandIo;
  },
): Promise<AsyncGenerator<TaskReport, EvalReport>> {
  const { benchmark, suite: folder, tasks, metrics, k, dtype, run, force } =
    options;
  const { encode, prepare } = encoder;
  const { evaluateBeir, evaluateMiracl, evaluateMkqa } = await import(
    "../../../eval/mod.ts"
  );
  const common = {
    dtype,
    prepare,
    origin,
    onProgress,
    signal: io.signal,
    prompts: options.prompts === "task"
      ? "benchmark" as const
      : "none" as const,
  };
  if (benchmark === "mkqa") {
    return evaluateMkqa(encode, folder, {
      ...common,
      cuts: metricsGiven ? metrics.map(accuracyCut) : undefined,
      languages: tasks,
    });
  }
  const write = run
    ? await runWriter({ path: run, tasks: tasks?.length ?? Infinity, force })
    : undefined;
  const judged = {
    ...common,
    metrics,
    k,
    onRun: write && ((name: string, ranking: Run) => write({ name }, ranking)),
  };
  if (benchmark === "miracl") {
    return evaluateMiracl(encode, folder, { ...judged, languages: tasks });
  }
  return evaluateBeir(encode, folder, {
    ...judged,
    benchmark: benchmark === "nanobeir" ? "NanoBEIR" : "BEIR",
    sets: tasks,
  });
}

/** `Accuracy@10` → 10. */
function accuracyCut(metric: string): number {
  const cut = /^Accuracy@([1-9]\d*)$/.exec(metric)?.[1];
  if (cut !== undefined) return Number(cut);
  throw new RangeError(
    `Cannot evaluate MKQA: its metrics must be Accuracy@k: got "${metric}"`,
  );
}
