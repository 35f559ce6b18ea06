import { stringify } from "yaml";
import type { TrainExample } from "../../../data/mod.ts";
import { peakRate } from "../../experiment_options.ts";
import type { BaseModel } from "../base_model.ts";
import { fileName, type Project } from "../project.ts";
import { rowsOf } from "../rows_of.ts";
import type { HandOffSource } from "../source.ts";
import {
  commonDifferences,
  isNormalized,
  modelPath,
  poolingName,
  warmupSteps,
} from "./common.ts";
import { type Epoch, epochOf } from "./epoch.ts";
import { slurmFile } from "./launch_files.ts";
import { torchrunLines } from "./torchrun_lines.ts";
import checkFiles from "./python/check_files.py" with { type: "text" };

/** Automodel's names of poolings. */
const POOLINGS = { mean: "avg", cls: "cls", lastToken: "last" };

/** A project for NeMo Automodel: a recipe with the weights as `num_samples`. */
export function automodelProject(
  source: HandOffSource,
  model: BaseModel,
): Project {
  const { suite } = source;
  const epoch = epochOf(source);
  return {
    data: suite.tasks.map(({ name }, k) => ({
      path: `data/${fileName(name, k)}`,
      text: lines(rowsOf(source, k)),
    })),
    files: [
      {
        path: "recipe.yaml",
        text: yamlOf(recipe(source, model, epoch)),
      },
      { path: "train.sh", text: script(source), isProgram: true },
      slurmFile("train.sh"),
      { path: "check_files.py", text: checkFiles },
    ],
    differences: [
      "Automodel has no weights: data_dir_list names each file as often as its task's weight says, the last time with num_samples, so that ratios hold for an epoch, not for a batch.",
      "Those num_samples are drawn once: of a task that is drawn less than once an epoch, the other rows are never seen.",
      "Batches mix tasks, and so do in-batch negatives; tdro takes each batch from one task.",
      "A query's hard negatives are the first ones of its list, not drawn; its positives take turns by epoch.",
      "Automodel makes decoders see both ways (is_causal: false); tdro leaves their attention as it is.",
      "Stage 1 isn't there: weights can't be learned by Automodel.",
      ...source.options.chunkTokens === undefined ? [] : [
        "There is no GradCache: set step_scheduler.local_batch_size to what fits, and in-batch negatives are those of the devices' local batches.",
      ],
      ...commonDifferences(source, model),
    ],
    commands: [
      { about: "Check the data", line: "python check_files.py" },
      {
        about: "In an environment with NeMo Automodel, try two updates",
        line: "NPROC=1 BATCH=8 ./train.sh --step_scheduler.max_steps 2",
      },
      { about: "Train on 8 GPUs", line: "NPROC=8 ./train.sh" },
      { about: "The same by Slurm", line: "sbatch launch/slurm.sbatch" },
    ],
  };
}

/** YAML as Python reads it: to it 1e-7 is a text, and 1.0e-7 a number. */
function yamlOf(content: unknown): string {
  return stringify(content, { lineWidth: 0 })
    .replaceAll(/: (\d+)(e-\d+)$/gm, ": $1.0$2");
}

function script({ options }: HandOffSource): string {
  const about = "# NPROC=8 ./train.sh [options that override recipe.yaml]";
  return `${torchrunLines(about, options.batchSize)}
exec "\${run[@]}" -m nemo_automodel.cli.app recipe.yaml \\
  --step_scheduler.global_batch_size "$batch" \\
  --step_scheduler.local_batch_size "$((batch / devices))" "$@"
`;
}

function* lines(rows: Iterable<TrainExample>): Generator<string> {
  for (const { query, positives, negatives } of rows) {
    yield JSON.stringify({
      question_id: query.id,
      query: query.text,
      pos_doc: positives.map(({ text }) => text),
      neg_doc: negatives.map(({ text }) => text),
    }) + "\n";
  }
}

/** Each file as often as its task's rows are needed. */
function sources({ suite, rows }: HandOffSource, { counts }: Epoch) {
  return suite.tasks.flatMap(({ name }, k) => {
    const path = `data/${fileName(name, k)}`;
    const size = rows[k]!.length;
    const rest = counts[k]! % size;
    return [
      ...Array.from({ length: Math.floor(counts[k]! / size) }, () => path),
      ...rest > 0 ? [{ path, num_samples: rest }] : [],
    ];
  });
}

function recipe(source: HandOffSource, model: BaseModel, epoch: Epoch) {
  const { options, lora } = source;
  const rate = peakRate(options);
  const name = modelPath(model);
  return {
    recipe: "TrainBiEncoderRecipe",
    seed: options.seed,
    temperature: options.temperature,
    step_scheduler: {
      global_batch_size: options.batchSize,
      // For 8 devices; train.sh sets it for others. With accumulation a query would
      // be compared with a part of the batch alone.
      local_batch_size: Math.max(1, Math.floor(options.batchSize / 8)),
      max_steps: options.steps,
      num_epochs: epoch.epochs + 1,
      ckpt_every_steps: options.checkpointEvery,
      val_every_steps: options.steps,
    },
    dist_env: { backend: "nccl", timeout_minutes: 30 },
    model: {
      _target_: "nemo_automodel.NeMoAutoModelBiEncoder.from_pretrained",
      pretrained_model_name_or_path: name,
      pooling: poolingName(model, POOLINGS, "automodel"),
      l2_normalize: isNormalized(model.info),
      torch_dtype: options.precision,
      // Otherwise a query is compared with its own hard negatives alone.
      do_distributed_inbatch_negative: true,
    },
    tokenizer: {
      _target_: "nemo_automodel.NeMoAutoTokenizer.from_pretrained",
      pretrained_model_name_or_path: name,
    },
    dataset: {
      _target_:
        "nemo_automodel.components.datasets.llm.retrieval_dataset.RetrievalDatasetConfig",
      model_type: "bi_encoder",
      data_dir_list: sources(source, epoch),
      data_type: "train",
      n_passages: options.passages,
      cycle_positive_docs: true,
      seed: options.seed,
    },
    dataloader: {
      collate_fn: {
        _target_: "nemo_automodel.components.datasets.llm.BiEncoderCollator",
        q_max_len: options.queryLength,
        p_max_len: options.passageLength,
        query_prefix: "",
        passage_prefix: "",
        pad_to_multiple_of: 8,
      },
      shuffle: true,
      num_workers: 0,
    },
    ...lora && {
      peft: {
        _target_: "nemo_automodel.components._peft.lora.PeftConfig",
        ...lora.targets === "all-linear"
          ? { match_all_linear: true }
          : { target_modules: [...lora.targets] },
        dim: lora.rank,
        alpha: lora.alpha,
        dropout: lora.dropout,
      },
    },
    optimizer: {
      _target_: "torch.optim.AdamW",
      lr: rate,
      weight_decay: options.weightDecay,
    },
    lr_scheduler: {
      lr_decay_style: "cosine",
      lr_warmup_steps: warmupSteps(source),
      min_lr: rate / 10,
    },
    clip_grad_norm: { max_norm: 1 },
    checkpoint: {
      enabled: true,
      checkpoint_dir: "out/checkpoints",
      model_save_format: "safetensors",
      save_consolidated: true,
    },
    distributed: { strategy: "ddp" },
  };
}
