import { join } from "node:path";
import { writeSuite } from "../../lib/data/mod.ts";
import { main } from "../../lib/cli/mod.ts";
import { captured } from "../cli/_capture.ts";
import { toySuite } from "../_toy_suite.ts";

/** A command line whose every place is tried. */
export interface TriedCommand {
  name: string;
  words: string[];
  /** Makes what the command needs, in the folder that it runs in. */
  prepare(folder: string): Promise<void>;
}

const SIZES =
  "--hidden-size 8 --vocab-size 120 --batch-size 6 --backend wasm --steps 4 --checkpoint-every 2"
    .split(" ");
const RUN = [
  ..."run --suite suite --out out --negatives 3".split(" "),
  ..."--weight-steps 4 --weight-batch-size 6".split(" "),
  ...SIZES,
];
const TRAIN = [
  ..."train --suite suite --tasks shades,places --out out".split(" "),
  ...SIZES,
];

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
  { name: "run", words: RUN, prepare: suite },
  {
    name: "run --force",
    words: [...RUN, "--seed", "2", "--force"],
    prepare: after(RUN),
  },
  { name: "train", words: TRAIN, prepare: suite },
  {
    name: "arena",
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
    name: "mine",
    words: "mine --suite suite --out mined --count 2".split(" "),
    prepare: suite,
  },
  {
    name: "eval",
    words:
      "eval --suite suite --model model --prompts none --backend wasm --out eval.json --run ranking.trec --cache vectors"
        .split(" "),
    prepare: withModel,
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
    name: "encodeToFile()",
    words: ["encode-to-file", "model", "texts.txt", "vectors.npy"],
    async prepare(folder) {
      await withModel(folder);
      const texts = Array.from({ length: 14 }, (_, i) => `text number ${i}`);
      await Deno.writeTextFile(join(folder, "texts.txt"), texts.join("\n"));
    },
  },
];

/** A small trained model in `model`. */
async function withModel(folder: string): Promise<void> {
  await after([...TRAIN, "--no-evaluate"])(folder);
  const models = join(folder, "out", "models");
  for await (const { name } of Deno.readDir(models)) {
    await Deno.rename(join(models, name), join(folder, "model"));
  }
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
