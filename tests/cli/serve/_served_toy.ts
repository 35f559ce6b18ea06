import type { EvalReport } from "../../../lib/eval/mod.ts";
import type { Column } from "../../../lib/cli/serve/columns.ts";
import type { ServedRun } from "../../../lib/cli/serve/served_run.ts";
import type { Suite } from "../../../lib/data/mod.ts";
import { toySuite } from "../../_toy_suite.ts";

/** A report in which the q-th test query of each task has `scores(q)`. */
function report(suite: Suite, scores: (q: number) => number): EvalReport {
  const tasks = suite.tasks.map((task, domain) => {
    const queryIds = [...task.qrels.test!.keys()];
    const perQuery = { "nDCG@10": queryIds.map((_, q) => scores(q)) };
    const sum = perQuery["nDCG@10"].reduce((a, b) => a + b, 0);
    return {
      ...{ task: task.name, domain, prompt: task.prompt, passages: 1 },
      ...{ queryIds, perQuery, mean: { "nDCG@10": sum / queryIds.length } },
    };
  });
  return {
    format: "tdro-eval/1",
    suite: suite.name,
    settings: { split: "test", prompts: "task" } as EvalReport["settings"],
    tasks,
    mean: {},
  };
}

/** A run of the toy suite as `openServedRun` gives it, without models. */
export function servedToy(suite: Suite = toySuite()): ServedRun {
  return {
    name: "toy-run",
    suite,
    arms: [],
    reports: {
      uniform: report(suite, (q) => q === 0 ? 0 : 1 - q / 10),
      reweighted: report(suite, (q) => q === 1 ? 0.25 : 0.5),
    },
    notes: [],
  };
}

/** Finds the corpus in its order, or in reverse. */
export function fakeColumn(name: string, reverse = false): Column {
  return {
    name,
    label: name,
    search({ corpus }, _text, { k, onProgress }) {
      onProgress?.(1, corpus.size);
      onProgress?.(corpus.size, corpus.size);
      const ids = [...corpus.keys()];
      if (reverse) ids.reverse();
      return Promise.resolve(
        ids.slice(0, k).map((id, i) => ({ id, score: 1 - i / 1000 })),
      );
    },
  };
}
