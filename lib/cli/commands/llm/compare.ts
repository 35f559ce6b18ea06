import { z } from "zod";
import type { BackendName } from "../../../backend/mod.ts";
import { line } from "../../../base/printable.ts";
import type { NegativesComparison } from "../../../experiment/mod.ts";
import {
  type RetrieverSettings,
  retrieverShape,
} from "../../../experiment/retriever_options.ts";
import type { Command } from "../../command.ts";
import { backendOption } from "../backend_option.ts";
import { pullOption, withLocalModels } from "../local_model.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro llm compare`. */
export interface LlmCompareOptions
  extends Omit<RetrieverSettings, "seed" | "mined" | "mineBy"> {
  /** The suite's folder. */
  suite: string;
  /** Names of the tasks. */
  tasks?: string[] | undefined;
  /** The arms. */
  arm: string[];
  /** The seeds. */
  seeds: number[];
  /** File of decisions. */
  decisions?: string | undefined;
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** The tfjs backend. */
  backend: BackendName | "auto";
}

const { seed: _seed, mined: _mined, mineBy: _mineBy, out: _out, ...shape } =
  retrieverShape;

/** `tdro llm compare`. */
export const command: Command<LlmCompareOptions> = {
  name: "llm compare",
  summary: "Compare kinds of hard negatives by training on each",
  details:
    "Trains a retriever on each kind of negatives with each seed, on the same queries, steps and start, and compares them with the first on the test splits; intervals are over seeds and queries. bm25, dense and fused are mined (by --mine-model), judged is mined by --decisions; other arms have a folder of training files (NAME=FOLDER), as tdro llm negatives and tdro mine write them; dense+llm is half of each. Run again, it goes on where it stopped.",
  examples: [
    {
      about: "Written negatives against mined ones, and both together",
      line:
        "tdro llm compare --suite my/suite --arm bm25 --arm dense --arm llm=my/written --arm dense+llm --mine-model models/e5-base --model models/e5-base --out runs/negatives",
    },
    {
      about: "What judging brings",
      line:
        "tdro llm compare --suite my/suite --arm fused --arm judged --decisions my/decisions.tsv --mine-model models/e5-base --out runs/judged",
    },
  ],
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder with a folder per task, in BEIR form",
    ),
    tasks: z.array(z.string()).min(1).optional().meta({ placeholder: "TASK" })
      .describe("Only these tasks, in this order; all if left out"),
    arm: z.array(z.string().min(1)).min(2).meta({ placeholder: "ARM" })
      .describe(
        "Kind of negatives: bm25, dense, fused, judged, NAME=FOLDER, or two with + between; the first is what others are compared with",
      ),
    seeds: z.array(z.int().min(0)).min(1).default([1, 2, 3]).describe("Seeds"),
    decisions: z.string().min(1).optional().meta({ placeholder: "FILE" })
      .describe("File that tdro llm judge wrote, for the arm judged"),
    backend: backendOption,
    ...shape,
    out: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of training files, runs and the comparison",
    ),
    pull: pullOption,
  }) as unknown as z.ZodType<LlmCompareOptions>,
  async run({ suite: folder, tasks, arm: arms, backend, ...given }, io) {
    const { openSuite } = await import("../../../data/mod.ts");
    const { useBackend } = await import("../../../backend/mod.ts");
    const { compareNegatives } = await import("../../../experiment/mod.ts");
    io.resumeWith("rerun the same command: it goes on where it stopped");
    const settings = await withLocalModels(given, { io, mayBeGone: true });
    const suite = await openSuite(folder, { tasks });
    const used = await useBackend(backend);
    io.note(`backend: ${used.name} on ${used.device}: ${used.reason}`);
    const result = await io.progress(
      compareNegatives(suite, arms.map(armOf), {
        ...settings,
        backend: used,
        signal: io.signal,
      }),
    );
    const textTable = await tablesFor(io);
    io.result(result, () =>
      [
        textTable(rowsOf(result), { digits: 4, footRows: 0 }),
        "",
        line`${result.queries} training queries, up to ${result.count} negatives each, ${result.steps} updates, seeds ${
          result.seeds.join(", ")
        }; differences are from ${result.arms[0]!.name}`,
        line`Everything is in ${settings.out}`,
      ].join("\n"));
  },
};

/** `llm=my/written` → a name and a folder. */
function armOf(text: string): { name: string; folder?: string } {
  const at = text.indexOf("=");
  return at < 0
    ? { name: text }
    : { name: text.slice(0, at), folder: text.slice(at + 1) };
}

function rowsOf({ arms }: NegativesComparison) {
  const signed = (value: number) =>
    `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(4)}`;
  return arms.map(({ name, negatives, written, interval, ...arm }) => ({
    negatives: name,
    count: `${negatives}`,
    written: `${written}`,
    "nDCG@10": arm.mean,
    difference: interval ? signed(arm.difference) : "",
    "95 % interval": interval
      ? `${signed(interval[0])} to ${signed(interval[1])}`
      : "",
    "p (Holm)": arm.pHolm === null ? "" : arm.pHolm.toPrecision(2),
  }));
}
