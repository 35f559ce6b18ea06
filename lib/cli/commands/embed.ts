import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import type { InferencePrecision } from "../../backend/kernels/mod.ts";
import type { EmbedTarget } from "../../experiment/mod.ts";
import { computeShape } from "../../base/compute_option.ts";
import { lengthShape } from "../../base/length_options.ts";
import { isStoreName, STORE_NAMES } from "../../base/store_names.ts";
import type { Encoding } from "../../experiment/retriever/encoding.ts";
import { backendOption } from "./backend_option.ts";
import type { Command } from "../command.ts";
import { pullOption, withLocalModels } from "./local_model.ts";
import { tablesFor } from "./tables.ts";

/** Options of `tdro embed`. */
export interface EmbedCommandOptions extends Partial<Encoding> {
  /** Folder of the suite. */
  suite: string;
  /** Names of the tasks to take. */
  tasks?: string[] | undefined;
  /** Model folder. */
  model: string;
  /** Form of files, or database. */
  to: EmbedTarget;
  /** Folder, or address of the database. */
  out: string;
  /** Whether a database makes an index. */
  index: boolean;
  /** Which part of the work. */
  shard?: string | undefined;
  /** Folder of vectors that `tdro eval` keeps. */
  cache?: string | undefined;
  /** What the model multiplies. */
  computeType?: InferencePrecision | undefined;
  /** Whether files made otherwise are replaced. */
  force: boolean;
  /** Whether a model on the hub may be fetched. */
  pull: boolean;
  /** The tfjs backend. */
  backend: BackendName | "auto";
}

/** `tdro embed`. */
export const command: Command<EmbedCommandOptions> = {
  name: "embed",
  summary: "Write the vectors of a suite's passages to files or a database",
  details:
    "One file, or one table, for each task. Interrupted, the same command goes on: with the first file that is missing, or the first passage that the database lacks. A database needs a package of its own, which the message tells how to fetch. A database's table has the task's name and a key of its passages and the model, so that models share a database; tdro serve --store searches it.",
  examples: [
    {
      about: "For NumPy, with the ids beside",
      line:
        "tdro embed --suite my/suite --model runs/mine/models/reweighted --to npy --out vectors",
    },
    {
      about: "Into PostgreSQL within the process, with an index",
      line:
        "tdro embed --suite my/suite --model models/e5 --to pgvector --out my/database --index",
    },
    {
      about:
        "One of eight machines' share; the line without --shard is the last",
      line:
        "tdro embed --suite my/suite --model models/e5 --to npy --out vectors --shard 1/8",
    },
  ],
  options: z.strictObject({
    suite: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of the suite: a folder in BEIR form for each task",
    ),
    tasks: z.array(z.string()).optional().meta({ placeholder: "TASK" })
      .describe("Tasks to use; default: all"),
    model: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Model folder",
    ),
    to: z.enum(["npy", "fbin", "parquet", ...STORE_NAMES]).describe(
      "Form of the files, or the database",
    ),
    out: z.string().min(1).meta({ placeholder: "PLACE" }).describe(
      "Folder of the files or of the database; for lance also s3://…, for pgvector also postgres://…, for milvus a server as http://127.0.0.1:19530",
    ),
    index: z.boolean().default(false).describe(
      "Make the database's index for approximate search",
    ),
    shard: z.string().optional().meta({ placeholder: "I/N" }).describe(
      "Encode only part I of N, on one of N machines; when all parts are done, the same command without --shard writes the files from them, and for a database makes the index",
    ),
    prompts: z.enum(["task", "model", "none"]).optional().describe(
      "Prefix of each passage: the model's own, or none, as with task; default: as in the model's run, else as the model's own files say",
    ),
    ...lengthShape,
    ...computeShape,
    cache: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe(
        "For files: keep vectors here too, as tdro eval does, and take them from here",
      ),
    force: z.boolean().default(false).describe(
      "Replace files that were made by another model, otherwise, or of other passages",
    ),
    pull: pullOption,
    backend: backendOption,
  }),
  operands: [],
  async run({ suite: folder, tasks, to, out, index, force, ...given }, io) {
    if (index && !isStoreName(to)) {
      throw new RangeError(
        `Cannot embed: --index is for a database, and --to is ${to}; leave it out`,
      );
    }
    const { shard } = given;
    if (shard !== undefined) {
      await checkShard({ shard, index, cache: given.cache });
    }
    const { model: named, cache, backend, computeType, shard: _, ...lengths } =
      await withLocalModels(
        given,
        { io },
      ) as Omit<typeof given, "pull">;
    const { openSuite } = await import("../../data/mod.ts");
    const { modelFolder } = await import("../../base/files/model_folder.ts");
    const { recordedEncoding } = await import(
      "../../experiment/retriever/encoding.ts"
    );
    const { embedSuite } = await import("../../experiment/mod.ts");
    const { openDense } = await import("../search/open_dense.ts");
    const textTable = await tablesFor(io);
    io.resumeWith("rerun the same command: it resumes where it stopped");
    const suite = await openSuite(folder, { tasks });
    const place = await modelFolder(named);
    const encoding = { ...await recordedEncoding(place), ...lengths };
    using model = await openDense(place, {
      ...encoding,
      backend,
      cache,
      computeType,
    }, io);
    const { signal } = io;
    const options = { model, to, out, index, force, shard, signal };
    const rows = await io.progress(embedSuite(suite, options));
    io.result(rows, () => textTable(rows, { footRows: 0 }));
    if (shard !== undefined) {
      io.note(
        `part ${shard} is done; when all are, run the same command without --shard`,
      );
    }
  },
};

/** Refuses a part that is none, and what is for all parts together. */
async function checkShard(
  { shard, index, cache }: {
    shard: string;
    index: boolean;
    cache: string | undefined;
  },
): Promise<void> {
  const { parseShard } = await import("../../search/mod.ts");
  parseShard(shard);
  const other = index ? "--index" : cache === undefined ? "" : "--cache";
  if (other === "") return;
  throw new RangeError(
    `Cannot embed part ${shard}: ${other} is for all passages, and this is a part; give it to the command without --shard`,
  );
}
