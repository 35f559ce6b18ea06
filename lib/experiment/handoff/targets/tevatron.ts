import { shuffled } from "../../../base/shuffled.ts";
import { tdroJsonLine } from "../../../data/mod.ts";
import { createRng } from "../../../sampling/mod.ts";
import type { BaseModel } from "../base_model.ts";
import type { Project } from "../project.ts";
import { rowsOf } from "../rows_of.ts";
import type { HandOffSource } from "../source.ts";
import {
  commonDifferences,
  isNormalized,
  modelPath,
  poolingName,
  quoted,
  rateText,
  warmupSteps,
} from "./common.ts";
import { epochOf } from "./epoch.ts";
import { slurmFile } from "./launch_files.ts";
import { torchrunLines } from "./torchrun_lines.ts";
import checkFiles from "./python/check_files.py" with { type: "text" };

/** Tevatron's names of poolings. */
const POOLINGS = { mean: "mean", cls: "cls", lastToken: "last" };

/** A project for Tevatron: one file of rows, repeated as the weights say. */
export function tevatronProject(
  source: HandOffSource,
  model: BaseModel,
): Project {
  return {
    data: [{ path: "data/train.jsonl", text: lines(source) }],
    files: [
      { path: "train.sh", text: script(source, model), isProgram: true },
      slurmFile("train.sh"),
      { path: "check_files.py", text: checkFiles },
    ],
    differences: [
      "Tevatron has no weights: data/train.jsonl holds each task's rows as often as its weight says, so that ratios hold for an epoch, not for a batch.",
      "Batches mix tasks, and so do in-batch negatives; tdro takes each batch from one task.",
      "The learning rate begins at 0, and tdro's at its first step of the warm-up.",
      "Stage 1 isn't there: weights can't be learned by Tevatron.",
      ...commonDifferences(source, model),
    ],
    commands: [
      { about: "Check the data", line: "python check_files.py" },
      {
        about: "Install Tevatron from its repository, then try two updates",
        line: "NPROC=1 STEPS=2 BATCH=8 ./train.sh --output_dir out/smoke",
      },
      { about: "Train on 8 GPUs", line: "NPROC=8 ./train.sh" },
      { about: "The same by Slurm", line: "sbatch launch/slurm.sbatch" },
    ],
  };
}

/** Rows of all tasks, each as often as its task's weight says, in random order. */
function* lines(source: HandOffSource): Generator<string> {
  const { suite, options } = source;
  const { counts } = epochOf(source);
  const own = suite.tasks.map((_, k) => [...rowsOf(source, k)]);
  const order = suite.tasks.flatMap(({ name }, k) => {
    const rows = shuffled(
      own[k]!.map((_, row) => row),
      createRng(options.seed, `handoff/${name}`),
    );
    return Array.from(
      { length: counts[k]! },
      (_, i) => [k, rows[i % rows.length]!] as const,
    );
  });
  for (const [k, row] of shuffled(order, createRng(options.seed, "handoff"))) {
    yield tdroJsonLine(own[k]![row]!);
  }
}

function script(source: HandOffSource, model: BaseModel): string {
  const { options, lora } = source;
  const flags = [
    "--do_train",
    `--model_name_or_path ${quoted(modelPath(model))}`,
    "--dataset_path data/train.jsonl",
    `--pooling ${poolingName(model, POOLINGS, "tevatron")}`,
    ...isNormalized(model.info) ? ["--normalize"] : [],
    `--temperature ${options.temperature}`,
    `--train_group_size ${options.passages}`,
    `--query_max_len ${options.queryLength}`,
    `--passage_max_len ${options.passageLength}`,
    "--attn_implementation sdpa",
    '--max_steps "${STEPS:-' + options.steps + '}"',
    '--per_device_train_batch_size "$((batch / devices))"',
    `--learning_rate ${rateText(source)}`,
    `--warmup_steps ${warmupSteps(source)}`,
    "--lr_scheduler_type cosine_with_min_lr",
    `--lr_scheduler_kwargs '{"min_lr_rate": 0.1}'`,
    `--weight_decay ${options.weightDecay}`,
    `--seed ${options.seed}`,
    `--save_steps ${options.checkpointEvery}`,
    ...options.precision === "bfloat16" ? ["--bf16"] : [],
    ...options.checkpointing ? ["--gradient_checkpointing"] : [],
    ...options.chunkTokens === undefined
      ? []
      : ["--grad_cache --gc_q_chunk_size 32 --gc_p_chunk_size 32"],
    ...lora
      ? [
        `--lora --lora_r ${lora.rank} --lora_alpha ${lora.alpha} --lora_dropout ${lora.dropout}`,
        ...lora.targets === "all-linear"
          ? []
          : [`--lora_target_modules ${quoted(lora.targets.join(","))}`],
      ]
      : [],
    "--output_dir out/model",
    "--logging_steps 10",
  ];
  const about = "# NPROC=8 ./train.sh [more of Tevatron's options]";
  return `${torchrunLines(about, options.batchSize)}
exec "\${run[@]}" -m tevatron.retriever.driver.train \\
  ${flags.join(" \\\n  ")} "$@"
`;
}
