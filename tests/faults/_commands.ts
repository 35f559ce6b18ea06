import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { writeSuite } from "../../lib/data/mod.ts";
import { useBackend } from "../../lib/backend/mod.ts";
import { main } from "../../lib/cli/mod.ts";
import { disposeEncoder, saveEncoder } from "../../lib/model/mod.ts";
import { captured } from "../cli/_capture.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";
import { readFiles } from "./_files.ts";
import { WHEEL_REPOSITORY, wheelFiles } from "./_set_up.ts";

/** A command line whose every place is tried. */
export interface TriedCommand {
  name: string;
  words: string[];
  /** Places that are tried where no number is asked for. @default {36} */
  places?: number;
  /** Places at which a second one is started, where no number is asked for. @default {3} */
  meets?: number;
  /** Makes what the command needs, in the folder that it runs in. */
  prepare(folder: string): Promise<void>;
  /** A command line that runs then, where a command of its own is needed. */
  before?: string[];
  /**
   * What is replaced one after the other, by how paths begin.
   * @default {[""]}
   */
  results?: string[];
}

/** Updates of each stage of a run. */
export const STEPS = 4;
/** Updates between checkpoints. */
export const EVERY = 2;

const SIZES = [
  ..."--hidden-size 8 --vocab-size 120 --batch-size 6 --backend wasm".split(
    " ",
  ),
  ...`--steps ${STEPS} --checkpoint-every ${EVERY}`.split(" "),
];
const RUN = [
  ..."run --suite suite --out out --negatives 3".split(" "),
  ...`--weight-steps ${STEPS} --weight-batch-size 6`.split(" "),
  ...SIZES,
];
const TRAIN = [
  ..."train --suite suite --tasks shades,places --out out".split(" "),
  // An evaluation that is due with a checkpoint, one that isn't, and a best model
  // that must outlive both.
  ..."--eval-every 1 --eval-passages 12 --keep best --patience 3".split(" "),
  ...SIZES,
];

const PLAN = [
  ..."arena plan --suite suite --tasks shades,places --out out".split(" "),
  ..."--strategies group-dro --budget 4 --negatives 3".split(" "),
  ..."--weight-batch-size 6".split(" "),
  ...SIZES,
];

/** Answers one after the other, so that their record is the same. */
const LLM = "--tasks weights --llm small --concurrency 1".split(" ");

async function suite(folder: string): Promise<void> {
  await writeSuite(toySuite(), join(folder, "suite"));
}

/** Runs command lines beforehand, e.g. for a result that is then replaced. */
function after(...lines: string[][]): TriedCommand["prepare"] {
  return async (folder) => {
    await suite(folder);
    const here = Deno.cwd();
    Deno.chdir(folder);
    try {
      for (const words of lines) {
        const io = captured();
        if (await main(words, io) !== 0) throw new Error(io.complaints);
      }
    } finally {
      Deno.chdir(here);
    }
  };
}

/** All of them. */
export const COMMANDS: readonly TriedCommand[] = [
  { name: "run", words: RUN, places: 8, prepare: suite },
  {
    name: "run --force",
    places: 6,
    words: [...RUN, "--seed", "2", "--force"],
    prepare: after(RUN),
  },
  { name: "train", words: TRAIN, places: 12, prepare: suite },
  {
    name: "arena",
    places: 4,
    words: [
      ..."arena --suite suite --tasks shades,places --out out --seeds 1"
        .split(" "),
      ..."--strategies tdro,regmix --budget 30 --negatives 3".split(" "),
      ..."--weight-batch-size 6".split(" "),
      ...SIZES,
    ],
    prepare: suite,
  },
  {
    name: "arena plan",
    words: [...PLAN, "--seeds", "1,2"],
    places: 12,
    results: ["out/jobs.jsonl", "out/plan.json"],
    prepare: after([...PLAN, "--seeds", "1"]),
  },
  {
    name: "work",
    places: 4,
    words: "work out --beat 0.02".split(" "),
    prepare: after([...PLAN, "--seeds", "1"]),
  },
  {
    name: "arena collect",
    places: 6,
    words: "arena collect out --out collected".split(" "),
    prepare: after([...PLAN, "--seeds", "1"], ["work", "out"]),
  },
  {
    name: "mine",
    words: "mine --suite suite --out mined --count 2".split(" "),
    prepare: suite,
  },
  {
    name: "eval",
    places: 16,
    words:
      "eval --suite suite --model model --prompts none --backend wasm --out eval.json --run ranking.trec --cache vectors"
        .split(" "),
    prepare: withModel,
  },
  {
    name: "embed",
    places: 6,
    meets: 1,
    words:
      "embed --suite suite --model model --to npy --out vectors --backend wasm"
        .split(" "),
    prepare: withModel,
  },
  {
    name: "embed --shard",
    places: 4,
    meets: 1,
    words:
      "embed --suite suite --model model --to parquet --out vectors --shard 1/2 --backend wasm"
        .split(" "),
    prepare: withModel,
  },
  {
    name: "distil",
    places: 3,
    meets: 1,
    words: [
      ..."distil --teacher model --student layers:1 --suite suite --out out"
        .split(" "),
      ..."--tasks shades,places --refine 2 --batch-size 6 --backend wasm".split(
        " ",
      ),
      ...`--steps ${STEPS} --checkpoint-every ${EVERY}`.split(" "),
    ],
    prepare: withModel,
  },
  {
    name: "scale",
    places: 2,
    meets: 1,
    words: [
      ..."scale --suite suite --tasks shades,places --out grid".split(" "),
      ..."--sizes 1x4,1x8 --data 1 --seeds 1 --steps 2 --batch-size 4".split(
        " ",
      ),
      ..."--vocab-size 80 --query-length 16 --passage-length 16".split(" "),
      ..."--negatives 8 --draws 2 --resamples 3 --backend wasm".split(" "),
    ],
    prepare: suite,
  },
  {
    name: "llm judge",
    places: 6,
    meets: 1,
    words: [
      ..."llm judge --suite suite --negatives mined --out decisions.tsv".split(
        " ",
      ),
      ...LLM,
    ],
    prepare: after(
      "mine --suite suite --tasks weights --count 3 --out mined".split(" "),
    ),
  },
  {
    name: "llm queries",
    places: 6,
    meets: 1,
    words: [
      ..."llm queries --suite suite --out more --passages 4".split(" "),
      ...LLM,
    ],
    prepare: suite,
  },
  {
    name: "llm negatives",
    places: 6,
    meets: 1,
    words: [
      ..."llm negatives --suite suite --out written --count 1".split(" "),
      ...LLM,
    ],
    prepare: suite,
  },
  {
    name: "llm passages",
    places: 6,
    meets: 1,
    words: [..."llm passages --suite suite --out graded".split(" "), ...LLM],
    prepare: suite,
  },
  {
    name: "data import",
    words: "data import pairs.csv --out imported/pairs".split(" "),
    prepare: pairs,
  },
  {
    name: "data import --force",
    words: "data import pairs.csv --out imported/pairs --force --seed 2".split(
      " ",
    ),
    async prepare(folder) {
      await pairs(folder);
      await after("data import pairs.csv --out imported/pairs".split(" "))(
        folder,
      );
    },
  },
  {
    name: "data pull",
    places: 24,
    words: "data pull beir/scifact --out pulled --files files".split(" "),
    prepare: () => Promise.resolve(),
  },
  {
    name: "model pull",
    places: 24,
    words: "model pull owner/model --out pulled".split(" "),
    prepare: () => Promise.resolve(),
  },
  {
    name: "model convert",
    places: 10,
    words: "model convert model --out converted --dtype bfloat16".split(" "),
    prepare: withModel,
  },
  {
    name: "model export",
    places: 10,
    words: "model export model --out exported --external-data".split(" "),
    prepare: withModel,
  },
  {
    name: "encodeToFile()",
    words: ["encode-to-file", "model", "texts.txt", "vectors.npy"],
    async prepare(folder) {
      await withModel(folder);
      const texts = Array.from({ length: 14 }, (_, i) => `text number ${i}`);
      await Deno.writeTextFile(join(folder, "texts.txt"), texts.join("\n"));
    },
  },
  {
    name: "setup",
    words: ["set-up", "1"],
    places: 24,
    prepare: () => Promise.resolve(),
  },
  {
    name: "setup --force",
    words: ["set-up", "2", "--force"],
    places: 24,
    prepare: () => Promise.resolve(),
    before: ["set-up", "1"],
    results: ["cache/tensorflow", "cache/kernels", "models"],
  },
];

/** Files of what the local hub has, by repository. */
export async function hubFiles(): Promise<
  Record<string, Record<string, Uint8Array>>
> {
  await useBackend("wasm");
  const folder = await Deno.makeTempDir({ prefix: "tdro-hub-" });
  try {
    const encoder = smallEncoder();
    await saveEncoder(encoder, folder);
    disposeEncoder(encoder);
    const files = [...await readFiles(folder)].flatMap(([path, bytes]) =>
      bytes ? [[path, bytes] as const] : []
    );
    return {
      ...DATASETS,
      "models/owner/model": Object.fromEntries(files),
      [WHEEL_REPOSITORY]: wheelFiles(),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const DATASETS: Record<string, Record<string, Uint8Array>> = {
  "datasets/BeIR/scifact": {
    "corpus.jsonl.gz": gzipSync(
      '{"_id": "x", "title": "", "text": "a text"}\n',
    ),
    "queries.jsonl.gz": gzipSync('{"_id": "q", "text": "a query"}\n'),
  },
  "datasets/BeIR/scifact-qrels": {
    "test.tsv": new TextEncoder().encode(
      "query-id\tcorpus-id\tscore\nq\tx\t1\n",
    ),
  },
};

/** A small trained model in `model`. */
async function withModel(folder: string): Promise<void> {
  await after([...TRAIN, "--no-evaluate"])(folder);
  await Deno.rename(
    join(folder, "out", "models", "retriever"),
    join(folder, "model"),
  );
  await Deno.remove(join(folder, "out"), { recursive: true });
}

async function pairs(folder: string): Promise<void> {
  const rows = Array.from(
    { length: 40 },
    (_, i) => `what is number ${i},number ${i} is one more than ${i - 1}`,
  );
  await Deno.writeTextFile(
    join(folder, "pairs.csv"),
    ["question,answer", ...rows].join("\n") + "\n",
  );
}
