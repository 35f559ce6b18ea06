import { z } from "zod";
import type { Tracker } from "../../experiment/mod.ts";
import { printable } from "../../base/printable.ts";
import type { Command } from "../command.ts";

/** Options of `tdro export`. */
export interface ExportOptions {
  /** Folder of a run or an arena. */
  run: string;
  /** The tracker. */
  to: Tracker;
  /** Where the files go. */
  out?: string | undefined;
}

/** `tdro export`. */
export const command: Command<ExportOptions> = {
  name: "export",
  summary: "Write a run's log and scores for TensorBoard, MLflow or W&B",
  details:
    "Each stage or arm becomes a run there, with its losses, weights, scores and settings. TensorBoard and MLflow read the files as they are. W&B's own format is private: for it there are JSON lines and upload.py, which gives them to its client. An unfinished run can be exported too, and again later.",
  examples: [
    {
      about: "Curves of a run; then tensorboard --logdir tensorboard",
      line: "tdro export runs/demo --to tensorboard",
    },
    {
      about: "Into MLflow's files; then mlflow ui",
      line: "tdro export runs/arena --to mlflow",
    },
    {
      about: "For W&B; then python wandb-files/upload.py wandb-files/demo/*",
      line: "tdro export runs/demo --to wandb",
    },
  ],
  options: z.strictObject({
    run: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of a run, a training run or an arena",
    ),
    to: z.enum(["tensorboard", "mlflow", "wandb"]).describe("The tracker"),
    out: z.string().min(1).optional().meta({ placeholder: "FOLDER" }).describe(
      "Folder for the files, created if missing; default: tensorboard, " +
        "mlruns or wandb-files",
    ),
  }),
  operands: ["run"],
  async run({ run, to, out }, io) {
    const { exportRun } = await import("../../experiment/mod.ts");
    const files = await exportRun(run, { to, out });
    io.result(files, () => files.map(printable).join("\n"));
  },
};
