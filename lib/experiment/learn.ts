import { type Backend, type BackendName, useBackend } from "../backend/mod.ts";
import type { ProgressEvent } from "../base/progress_event.ts";
import { openSuite, type Suite } from "../data/mod.ts";
import { watchProgress, type WatchProgressOptions } from "../report/mod.ts";
import {
  type ExperimentResult,
  runExperiment,
  type RunExperimentOptions,
} from "./run_experiment.ts";

/** Options for {@linkcode learn}: those of {@linkcode runExperiment}, and these. */
export interface LearnOptions extends Omit<RunExperimentOptions, "backend"> {
  /** Of a suite in a folder: names of the tasks to take, in order. @default {all} */
  tasks?: string[];
  /** The tfjs backend, or what `useBackend()` gave. @default {"auto"} */
  backend?: BackendName | "auto" | Backend;
  /** Where progress is shown; `false`: nowhere. */
  progress?: WatchProgressOptions | false;
}

/**
 * A run that begins when it is awaited, which shows its progress and gives its result,
 * or iterated, which gives its progress.
 */
export interface Learning
  extends PromiseLike<ExperimentResult>, AsyncIterable<ProgressEvent> {}

/**
 * All of tDRO in a line: starts the fastest backend there is, trains a uniform
 * retriever, learns the weights of the tasks, trains two more retrievers by them, and
 * compares the three. A notebook shows a bar for each stage, a terminal a line.
 *
 * It is {@linkcode runExperiment} with a backend and a display: called again with the
 * same settings, it goes on where it was stopped, or gives the result at once.
 * Iterated by `for await` it yields the progress and shows nothing; awaited afterwards,
 * it gives the result.
 *
 * @param suite The tasks, each with train and test judgments, or their folder.
 * @param options Settings, as of `tdro run`.
 * @returns The run, to be awaited or iterated.
 *
 * @example Usage
 * ```ts ignore
 * import { learn, openRetriever } from "@tdro/tdro";
 *
 * const run = await learn("my/suite", { model: "models/all-MiniLM-L6-v2", out: "runs/mine" });
 * console.log(run); // the table of its scores
 * using retriever = await openRetriever(run);
 * ```
 */
export function learn(
  suite: string | Suite,
  { progress = {}, ...options }: LearnOptions = {},
): Learning {
  const work = learning(suite, options);
  let outcome: Promise<ExperimentResult> | undefined;
  let iterated = false;
  return {
    then(done, failed) {
      outcome ??= progress === false
        ? atTheEnd(work)
        : watchProgress(work, progress);
      return outcome.then(done, failed);
    },
    [Symbol.asyncIterator]() {
      if (outcome && !iterated) {
        throw new TypeError(
          "Cannot iterate over the run: it is awaited already; call learn() once more",
        );
      }
      iterated = true;
      const { promise, resolve, reject } = Promise.withResolvers<
        ExperimentResult
      >();
      // Who only iterates must not meet the error twice.
      promise.catch(() => {});
      outcome = promise;
      return relayed(work, { resolve, reject });
    },
  };
}

async function* learning(
  source: string | Suite,
  { tasks, backend, ...settings }: Omit<LearnOptions, "progress">,
): AsyncGenerator<ProgressEvent, ExperimentResult> {
  const suite = typeof source === "string"
    ? await openSuite(source, { tasks })
    : withTasks(source, tasks);
  const used = typeof backend === "object"
    ? backend
    : await useBackend(backend);
  yield {
    stage: "backend",
    label: "backend",
    done: 1,
    total: 1,
    note: `${used.name} on ${used.device}`,
  };
  return yield* runExperiment(suite, { ...settings, backend: used });
}

function withTasks(suite: Suite, tasks: readonly string[] | undefined): Suite {
  if (tasks === undefined) return suite;
  return {
    name: suite.name,
    tasks: tasks.map((name) => {
      const task = suite.tasks.find((task) => task.name === name);
      if (task) return task;
      throw new RangeError(
        `Cannot run the experiment: tasks must be of the suite ${suite.name}, ${
          suite.tasks.map(({ name }) => name).join(", ")
        }: got ${name}`,
      );
    }),
  };
}

/** Goes through work to its result. */
async function atTheEnd<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  while (true) {
    const next = await work.next();
    if (next.done) return next.value;
  }
}

/** Passes progress on, and settles how the work ended. */
async function* relayed<T>(
  work: AsyncGenerator<ProgressEvent, T>,
  { resolve, reject }: {
    resolve: (value: T) => void;
    reject: (error: unknown) => void;
  },
): AsyncGenerator<ProgressEvent, void> {
  try {
    resolve(yield* work);
  } catch (error) {
    reject(error);
    throw error;
  } finally {
    // After a break; it changes nothing that is settled.
    reject(
      new DOMException(
        "stopped; call learn() again, and it resumes from its checkpoint",
        "AbortError",
      ),
    );
  }
}
