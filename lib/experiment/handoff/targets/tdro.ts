import type { TrainExample } from "../../../data/mod.ts";
import { tdroJsonLine } from "../../../data/mod.ts";
import {
  formatWeightFile,
  type LossMeasure,
  weightFile,
} from "../../../dro/mod.ts";
import { weightEta } from "../../weight_options.ts";
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
import { slurmFile } from "./launch_files.ts";
import checkFiles from "./python/check_files.py" with { type: "text" };
import { torchrunLines } from "./torchrun_lines.ts";

/** The repository's names of poolings. */
const POOLINGS = { mean: "mean", cls: "cls", lastToken: "lasttoken" };

/** A task's rows are cut into so many shards there: fewer rows are an error. */
const FEWEST_ROWS = 1024;

/** Ids of tasks are bytes there. */
const MOST_TASKS = 128;

/** Names in which the repository sees a task without in-batch negatives. */
const OWN_NEGATIVES = /clustering|classification/;

/** A project for the repository of tDRO's paper: its three stages. */
export function tdroProject(source: HandOffSource, model: BaseModel): Project {
  const { suite, options, rows } = source;
  if (suite.tasks.length > MOST_TASKS) {
    throw new RangeError(
      `Cannot hand over to tdro: the repository takes at most ${MOST_TASKS} tasks: got ${suite.tasks.length}; hand over to sentence-transformers instead`,
    );
  }
  const names = fileNames(suite.tasks.map(({ name }) => name));
  const short = names.filter((_, k) => rows[k]!.length < FEWEST_ROWS);
  const own = names.filter((name) => OWN_NEGATIVES.test(name));
  const renamed = suite.tasks.flatMap(({ name }, k) =>
    name === names[k] ? [] : [`${JSON.stringify(name)} is ${names[k]}`]
  );
  return {
    data: names.map((name, k) => ({
      path: `data/${name}.jsonl`,
      text: lines(rowsOf(source, k), rows[k]!.length),
    })),
    files: [
      weights("config/reweighted.json", names, source, source.weights),
      weights("config/uniform.json", names, source, names.map(() => 1)),
      { path: "train.sh", text: script(source, model), isProgram: true },
      slurmFile("train.sh"),
      { path: "check_files.py", text: checkFiles },
    ],
    differences: [
      ...renamed.length > 0
        ? [`Tasks are named by their files there: ${renamed.join(", ")}.`]
        : [],
      ...short.length > 0
        ? [
          `The repository needs ${FEWEST_ROWS} rows of a task: the files of ${
            short.join(", ")
          } repeat theirs, which a small task does there anyway.`,
        ]
        : [],
      ...own.length > 0
        ? [
          `Tasks with these names get no in-batch negatives there: ${
            own.join(", ")
          }.`,
        ]
        : [],
      "Prompts are in the queries, and --add_prompt is off: the repository knows the instructions of its own 25 tasks alone.",
      "The learning rate begins at 0, and tdro's at its first step of the warm-up; which norms decay depends on the version of PyTorch.",
      "With several data-loader workers the task sequence repeats itself; dataloader_num_workers is 0 for that.",
      ...measureDifferences(options.measure),
      ...options.weightDraw === "stratified" && names.length > 1
        ? [
          "Stage 1 draws the task of each row by itself (--weight-draw independent), which doubles the noise of the weights.",
        ]
        : [],
      ...commonDifferences(source, model),
    ],
    commands: [
      { about: "Check the data", line: "python check_files.py" },
      {
        about:
          "Install the repository so that python -m tdro.finetune.fit is found, then try two updates",
        line: "NPROC=1 STEPS=2 BATCH=8 ./train.sh 2",
      },
      {
        about: "Stage 2: train on the weights, 8 GPUs",
        line: "NPROC=8 ./train.sh 2",
      },
      {
        about: "All stages: a reference, the weights, the final training",
        line:
          "./train.sh 0 && ./train.sh 1 && WEIGHTS=out/stage1/curr_weights.json ./train.sh 2",
      },
      { about: "A stage by Slurm", line: "sbatch launch/slurm.sbatch 2" },
    ],
  };
}

/** Names of files, which are the tasks' names there. */
function fileNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = name.replaceAll(/[^\w.-]+/g, "_").replace(/^\./, "_");
    let free = plain;
    for (let n = 2; taken.has(free); n++) free = `${plain}-${n}`;
    taken.add(free);
    return free;
  });
}

/** The rows, again and again until there are enough. */
function* lines(
  rows: Iterable<TrainExample>,
  count: number,
): Generator<string> {
  const short = count < FEWEST_ROWS;
  const kept: string[] = [];
  for (const row of rows) {
    const line = tdroJsonLine(row);
    if (short) kept.push(line);
    yield line;
  }
  for (let at = count; at < FEWEST_ROWS; at++) yield kept[at % count]!;
}

function weights(
  path: string,
  names: string[],
  { rows }: HandOffSource,
  weights: readonly number[],
) {
  const sizes = rows.map(({ length }) => length);
  return {
    path,
    text: formatWeightFile(weightFile({ names, sizes, weights })),
  };
}

/** How a measure is asked for there. */
const MEASURES: Readonly<Record<LossMeasure, string[]>> = {
  released: ["--normalize_group_loss_scale_with_ref_loss"],
  "ratio-of-means": ["--normalize_group_loss_scale_with_ref_loss"],
  difference: ["--group_loss_minus_ref_loss"],
  "relative-difference": [
    "--group_loss_minus_ref_loss",
    "--normalize_group_loss_scale_with_ref_loss",
  ],
  raw: [],
};

function measureDifferences(measure: LossMeasure): string[] {
  return measure === "ratio-of-means"
    ? [
      "The paper's formula isn't in the repository: its stage 1 takes the released measure.",
    ]
    : [];
}

function script(source: HandOffSource, model: BaseModel): string {
  const { options, lora } = source;
  const common = [
    "--do_train",
    `--model_name_or_path ${quoted(modelPath(model))}`,
    "--model_type EncoderModel",
    `--pooling_strategy ${poolingName(model, POOLINGS, "tdro")}`,
    `--score_function ${isNormalized(model.info) ? "cos_sim" : "dot"}`,
    `--q_max_len ${options.queryLength}`,
    `--p_max_len ${options.passageLength}`,
    "--preprocessed_dir data",
    `--learning_rate ${rateText(source)}`,
    "--lr_scheduler_type cosine --min_lr_ratio 0.1",
    `--weight_decay ${options.weightDecay}`,
    "--optim adamw_torch",
    `--temperature ${options.temperature}`,
    `--seed ${options.seed}`,
    `--save_steps ${options.checkpointEvery} --save_total_limit 2`,
    "--logging_steps 2",
    "--dataloader_num_workers 0",
    ...options.precision === "bfloat16" ? ["--bf16"] : [],
    ...options.checkpointing ? ["--gradient_checkpointing"] : [],
    ...options.chunkTokens === undefined ? [] : ["--grad_cache"],
    ...lora
      ? [
        `--lora --lora_r ${lora.rank} --lora_alpha ${lora.alpha} --lora_dropout ${lora.dropout}`,
      ]
      : [],
  ];
  const warmup = Math.ceil(options.weightSteps * options.warmup);
  const about = `# NPROC=8 ./train.sh STAGE [more of the repository's options]
# Stage 0: a baseline on uniform weights, the reference of stage 1; 1: weights into
# out/stage1/curr_weights.json; 2: the retriever, on config/reweighted.json or WEIGHTS.`;
  return `${
    torchrunLines(about, "0").replace(
      "batch=${BATCH:-0}",
      `stage=\${1:?which stage: 0, 1 or 2}
shift
case $stage in
0 | 2) usual=${options.batchSize} steps=${options.steps} warmup=${
        warmupSteps(source)
      } ;;
1) usual=${options.weightBatchSize} steps=${options.weightSteps} warmup=${warmup} ;;
*) echo "there is no stage $stage: 0, 1 or 2" >&2; exit 2 ;;
esac
batch=\${BATCH:-$usual}`,
    )
  }
common=(${common.join("\n  ")}
  --max_steps "\${STEPS:-$steps}" --warmup_steps "$warmup"
  --per_device_train_batch_size "$((batch / devices))"
  --output_dir "out/stage$stage")
retriever=(-m tdro.finetune.fit --homogenous_batch --negatives_x_device
  --train_n_passages ${options.passages})
weights=(-m tdro.dro.fit --train_n_passages ${options.weightPassages}
  --domain_config_path config/uniform.json
  --ref_model_name_or_path out/stage0
  --dro_type DROModelv2 --dro_only_hn --loss_reduction none
  --reweight_eta ${weightEta(options)} --normalize_weights_on_every_update
  --dro_optimizer sgd --dro_apply_grad_norm --dro_max_grad_norm 1.0
  --dro_lr_scheduler_type constant ${MEASURES[options.measure].join(" ")})
case $stage in
0) part=("\${retriever[@]}" --domain_config_path config/uniform.json) ;;
1) part=("\${weights[@]}") ;;
2) part=("\${retriever[@]}" --domain_config_path "\${WEIGHTS:-config/reweighted.json}") ;;
esac
exec "\${run[@]}" "\${part[@]}" "\${common[@]}" "$@"
`;
}
