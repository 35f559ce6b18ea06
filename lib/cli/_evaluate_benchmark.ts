import type { EvalOrigin, EvalReport, TaskReport } from "../eval/mod.ts";
import type { OpenedEncoder } from "./_encoder_functions.ts";
import type { EvalCommandOptions } from "./eval.ts";
import type { CommandIo } from "./io.ts";

/** Benchmarks that `tdro eval --benchmark` knows; those in BEIR's form by their names. */
export const BENCHMARKS = ["beir", "nanobeir", "miracl", "mkqa"] as const;

/** Starts the evaluation of a benchmark by its own rules. */
export async function evaluateBenchmark(
  options: EvalCommandOptions,
  encoder: Omit<OpenedEncoder, typeof Symbol.dispose> | undefined,
  { origin, onProgress, io }: {
    origin: EvalOrigin;
    onProgress: (task: string, done: number) => void;
    io: CommandIo;
  },
): Promise<AsyncGenerator<TaskReport, EvalReport>> {
  const { benchmark, suite: folder, tasks, metrics, k, dtype } = options;
  const wrong = !encoder || options.bm25
    ? "--model must name a model folder, without --bm25"
    : options.run
    ? "--run is for suites"
    : undefined;
  if (wrong) {
    throw new SyntaxError(`Cannot evaluate the benchmark: ${wrong}`);
  }
  const { encode, prepare } = encoder!;
  const { evaluateBeir, evaluateMiracl, evaluateMkqa } = await import(
    "../eval/mod.ts"
  );
  const common = {
    ...{ dtype, prepare, origin, onProgress, signal: io.signal },
    prompts: options.prompts === "task"
      ? "benchmark" as const
      : "none" as const,
  };
  if (benchmark === "mkqa") {
    return evaluateMkqa(encode, folder, {
      ...common,
      ...(tasks ? { languages: tasks } : {}),
    });
  }
  const judged = { ...common, metrics, k };
  if (benchmark === "miracl") {
    return evaluateMiracl(encode, folder, {
      ...judged,
      ...(tasks ? { languages: tasks } : {}),
    });
  }
  return evaluateBeir(encode, folder, {
    ...judged,
    benchmark: benchmark === "nanobeir" ? "NanoBEIR" : "BEIR",
    ...(tasks ? { sets: tasks } : {}),
  });
}
