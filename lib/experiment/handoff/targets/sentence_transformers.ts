import type { TrainExample } from "../../../data/mod.ts";
import { launchFiles } from "./launch_files.ts";
import { fileName, type Project, type ProjectFile } from "../project.ts";
import checkFiles from "./python/check_files.py" with { type: "text" };
import draws from "./python/draws.py" with { type: "text" };
import learnWeights from "./python/learn_weights.py" with { type: "text" };
import lossLog from "./python/loss_log.py" with { type: "text" };
import losses from "./python/losses.py" with { type: "text" };
import projectPy from "./python/project.py" with { type: "text" };
import rows from "./python/rows.py" with { type: "text" };
import smokeTest from "./python/smoke_test.py" with { type: "text" };
import trainPy from "./python/train.py" with { type: "text" };
import trainer from "./python/trainer.py" with { type: "text" };
import weights from "./python/weights.py" with { type: "text" };
import { rowsOf } from "../rows_of.ts";
import type { HandOffSource } from "../source.ts";

/** Modules that the scripts share. */
const PACKAGE = {
  "__init__": '"""What this project adds to sentence-transformers."""\n',
  draws,
  loss_log: lossLog,
  losses,
  project: projectPy,
  rows,
  trainer,
  weights,
};

const SCRIPTS = {
  check_files: checkFiles,
  train: trainPy,
  learn_weights: learnWeights,
  smoke_test: smokeTest,
};

/** Versions that a project was tried with. */
const REQUIREMENTS = `torch>=2.6
transformers>=5.0,<6
sentence-transformers>=6.0,<7
datasets>=4.0
accelerate>=1.10
peft>=0.17
`;

/**
 * A project for sentence-transformers that trains as tdro does: the same draws of
 * tasks, rows and passages for any number of processes, the same loss, schedule and
 * decay.
 */
export function sentenceTransformersProject(source: HandOffSource): Project {
  const { suite, options, lora } = source;
  const data = suite.tasks.map(({ name }, k): ProjectFile => ({
    path: `data/${fileName(name, k)}`,
    text: lines(rowsOf(source, k)),
  }));
  const files = [
    ...Object.entries(PACKAGE).map(([name, text]) => //
    ({ path: `tdro_handoff/${name}.py`, text })),
    ...Object.entries(SCRIPTS).map(([name, text]) => //
    ({ path: `${name}.py`, text })),
    { path: "requirements.txt", text: REQUIREMENTS },
    ...launchFiles("train.py"),
  ];
  return {
    data,
    files,
    differences: [
      "Floating-point sums run in PyTorch's order: losses agree to about six digits at first, then drift apart, as those of two PyTorch runs on different numbers of GPUs do.",
      ...options.hiddenDropout > 0 || (lora?.dropout ?? 0) > 0
        ? ["What dropout drops is drawn by PyTorch."]
        : [],
      ...options.evalEvery !== undefined
        ? [
          "There are no evaluations on dev queries while training: the last model counts. Evaluate it with tdro eval --model out/reweighted/model.",
        ]
        : [],
      ...options.weightSeeds > 1
        ? [
          `The run's weights are a mean over ${options.weightSeeds} seeds; learn_weights.py learns with one (--seed), and tdro weights replay takes one log.`,
        ]
        : [],
      ...options.maxPasses !== undefined
        ? [
          "The limit on passes over a task's rows is in the weights already; weights that you learn in the project have none.",
        ]
        : [],
      ...options.chunkTokens !== undefined
        ? [
          "GradCache counts texts (--mini-batch), not tokens; the gradients are the same.",
        ]
        : [],
    ],
    commands: [
      { about: "Install", line: "pip install -r requirements.txt" },
      { about: "Try it", line: "python smoke_test.py" },
      {
        about: "Train on the weights, 8 GPUs",
        line: "launch/torchrun.sh 8 train.py",
      },
      {
        about: "The same by accelerate",
        line: "launch/accelerate.sh train.py",
      },
      {
        about: "The same by Slurm",
        line: "sbatch launch/slurm.sbatch train.py",
      },
      {
        about: "Learn the weights here: first a reference",
        line:
          "launch/torchrun.sh 8 train.py --weights uniform --out out/uniform",
      },
      {
        about: "then a proxy and the weights, which writes a log",
        line:
          "launch/torchrun.sh 8 learn_weights.py --reference out/uniform/model",
      },
      {
        about: "which gives the weights, to the last bit",
        line:
          "tdro weights replay out/weights/losses.jsonl --out out/weights/replayed",
      },
      {
        about: "to train on",
        line:
          "launch/torchrun.sh 8 train.py --weights out/weights/replayed/curr_weights.json",
      },
    ],
  };
}

function* lines(rows: Iterable<TrainExample>): Generator<string> {
  for (const { query, positives, negatives } of rows) {
    yield JSON.stringify({
      query_id: query.id,
      anchor: query.text,
      positives: positives.map(({ text }) => text),
      positive_ids: positives.map(({ id }) => id),
      negatives: negatives.map(({ text }) => text),
      negative_ids: negatives.map(({ id }) => id),
    }) + "\n";
  }
}
