import type { Run, Suite, Task } from "../../../data/mod.ts";
import type {
  EarlierReport,
  EvalOrigin,
  EvalReport,
  TaskReport,
} from "../../../eval/mod.ts";
import type { RetrieveFunction } from "../../../search/mod.ts";
import type { EvalPlan } from "./options.ts";
import type { OpenedEncoder } from "../encoder_functions.ts";
import { sizesAsked } from "./sizes.ts";
import { shardRunWriter } from "./shards.ts";
import { runWriter } from "../run_writer.ts";
import type { CommandIo } from "../../io.ts";

/** Starts the evaluation that the options ask for. */
export async function evaluateSuite(
  suite: Suite,
  options: EvalPlan & { earlier?: EarlierReport | undefined },
  { encoder, origin, onProgress, io }: {
    /** None for BM25 alone. */
    encoder: Omit<OpenedEncoder, typeof Symbol.dispose> | undefined;
    origin: EvalOrigin;
    onProgress: (task: string, done: number) => void;
    io: CommandIo;
  },
): Promise<AsyncGenerator<TaskReport, EvalReport>> {
  const { evaluate, evaluateRetriever } = await import("../../../eval/mod.ts");
  const search = await import("../../../search/mod.ts");
  const { split, metrics, k, ignoreIdenticalIds, dtype } = options;
  const sizes = await sizesAsked(options, encoder?.normalizes ?? true);
  const { precision } = options;
  const { rescore, rescoreBy } = sizes ? {} as Partial<EvalPlan> : options;
  const prompts = options.prompts === "task" ? "task" : "none";
  const common = {
    split,
    metrics,
    k,
    ignoreIdenticalIds,
    origin,
    pool: options.pool,
    earlier: options.earlier,
    signal: io.signal,
    onRun: await rankingWriter(options, suite.tasks.length),
  };
  if (!encoder) {
    return evaluateRetriever(search.bm25Retriever, suite, {
      ...common,
      retriever: "BM25",
    });
  }
  const { encode, prepare, prepareSteps, hamming } = encoder;
  if (!options.bm25) {
    const { vectorsOf } = await import(
      "../../../experiment/retriever/vectors_of.ts"
    );
    return evaluate(encode, suite, {
      ...common,
      prompts,
      dtype,
      precision,
      rescore,
      rescoreBy,
      sizes,
      prepare,
      prepareSteps,
      hamming,
      onProgress,
      shard: options.shard ? search.parseShard(options.shard) : undefined,
      cache: options.cache
        ? { folder: options.cache, model: vectorsOf(origin) }
        : undefined,
    });
  }
  const fused = async (task: Task): Promise<RetrieveFunction> => {
    const dense = await search.denseRetriever(task, encode, {
      prompts,
      prepare,
      signal: io.signal,
      onProgress: (done) => onProgress(task.name, done),
    });
    return search.fusedRetriever([
      search.bm25Retriever(task),
      async (queries, k) => {
        // Asked once a task: its vectors make room for the next one's.
        using retriever = dense;
        return await retriever.retrieve(queries, k);
      },
    ]);
  };
  return evaluateRetriever(fused, suite, {
    ...common,
    prompts,
    retriever: "BM25 and dense, fused by reciprocal rank",
  });
}

/** Writes the runs, where the options ask for them. */
async function rankingWriter(
  { shard, out, run, force }: EvalPlan,
  tasks: number,
): Promise<((task: Task, ranking: Run) => Promise<void>) | undefined> {
  if (shard) return await shardRunWriter(out!);
  if (!run) return;
  return await runWriter({ path: run, tasks, force });
}
