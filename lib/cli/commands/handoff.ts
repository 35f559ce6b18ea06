import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import { line, printable } from "../../base/printable.ts";
import type { HandOffTarget } from "../../experiment/mod.ts";
import { backendOption } from "./backend_option.ts";
import type { Command } from "../command.ts";

/** Options of `tdro handoff`. */
export interface HandoffOptions {
  /** Folder of the run. */
  run: string;
  /** What the project is for. */
  to: HandOffTarget;
  /** Folder of the suite that the run was made on. */
  suite?: string | undefined;
  /** Folder of the project. */
  out: string;
  /** Weight file, folder of a run, or `uniform`. */
  weights?: string | undefined;
  /** Updates. */
  steps?: number | undefined;
  /** Queries per update. */
  batchSize?: number | undefined;
  /** Model to name in place of a copy. */
  base?: string | undefined;
  /** The tfjs backend. */
  backend: BackendName | "auto";
}

/** `tdro handoff`. */
export const command: Command<HandoffOptions> = {
  name: "handoff",
  summary: "Make a project of a run that trains on a PyTorch cluster",
  details: [
    "Writes a folder with the training data in the tool's form, the weights as sampling ratios, the base model, the run's settings, files for torchrun, accelerate and Slurm, a smoke test, and a README that tells what the tool does otherwise than tdro.",
    "The project for sentence-transformers trains as tdro does, and can learn the weights on the cluster too: its log goes into tdro weights replay. The other tools can't do all that tdro does; what they can't is listed.",
  ].join("\n"),
  examples: [
    {
      about: "Take a run to a cluster with sentence-transformers",
      line:
        "tdro handoff runs/mine --suite my/suite --to sentence-transformers --out project",
    },
    {
      about: "A larger model and budget; the README warns what may not fit",
      line:
        "tdro handoff runs/mine --suite my/suite --to sentence-transformers --base BAAI/bge-m3 --steps 2000 --batch-size 1024 --out project",
    },
  ],
  options: z.strictObject({
    run: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of a run or a training run",
    ),
    to: z.enum(["sentence-transformers", "tdro", "automodel", "tevatron"])
      .describe(
        "What the project is for; tdro: the repository of the paper",
      ),
    suite: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe("Folder of the suite that the run was made on; needed"),
    out: z.string().min(1).default("project").meta({ placeholder: "FOLDER" })
      .describe("Folder of the project; it must not exist yet"),
    weights: z.string().min(1).optional().meta({ placeholder: "FILE" })
      .describe(
        "Weight file or folder of a run, or uniform; default: the run's own",
      ),
    steps: z.int().min(1).optional().describe(
      "Updates of the retriever; default: the run's",
    ),
    batchSize: z.int().min(2).optional().describe(
      "Queries per update, of all devices together; default: the run's",
    ),
    base: z.string().min(1).optional().meta({ placeholder: "MODEL" }).describe(
      "Model to name in the project, a folder or a name on the Hugging Face hub; default: a copy of the run's base model",
    ),
    backend: backendOption,
  }),
  operands: ["run"],
  async run({ run, suite, backend, ...options }, io) {
    if (suite === undefined) {
      throw new RangeError(
        `Cannot hand over ${run}: --suite must name the folder of its suite: got none`,
      );
    }
    const { useBackend } = await import("../../backend/mod.ts");
    const { handOff } = await import("../../experiment/mod.ts");
    await useBackend(backend);
    const { signal } = io;
    const result = await io.progress(
      handOff(run, { ...options, suite, signal }),
    );
    io.result(result, () =>
      [
        ...result.warnings.map((sentence) => `Note: ${printable(sentence)}`),
        ...result.differences.map(printable),
        line`The project is in ${result.folder}; begin with its README.md`,
      ].join("\n"));
  },
};
