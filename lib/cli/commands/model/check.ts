import { z } from "zod";
import { backendOption } from "../backend_option.ts";
import type { ModelCheck } from "../../../model/mod.ts";
import type { Command } from "../../command.ts";
import { tablesFor } from "../tables.ts";

/** Options of `tdro model check`. */
export interface ModelCheckOptions {
  /** Model folder. */
  folder: string;
  /** Reference file. */
  reference?: string;
  /** Python with PyTorch. */
  python?: string;
  /** Largest difference. */
  tolerance: number;
  /** Where tensors are computed. */
  backend: "auto" | "tensorflow" | "webgpu" | "wasm" | "cpu";
}

/** `tdro model check`. */
export const command: Command<ModelCheckOptions> = {
  name: "model check",
  summary: "Check a model folder and compare it with PyTorch",
  details:
    "Checks weights, tokens, truncation, batching, saving and gradients on texts where implementations differ. With --python (one that has torch, transformers and, for most retrievers, sentence-transformers) or --reference (a JSON file of texts and embeddings) the embeddings are compared too. Exit code 1 if a check fails.",
  examples: [
    { about: "What can be checked here", line: "tdro model check models/e5" },
    {
      about: "Against PyTorch",
      line: "tdro model check models/e5 --python .venv/bin/python",
    },
  ],
  operands: ["folder"],
  options: z.strictObject({
    folder: z.string().meta({ placeholder: "FOLDER" }).describe(
      "Hugging Face folder of a model",
    ),
    reference: z.string().optional().meta({ placeholder: "FILE" }).describe(
      "JSON file with texts, embeddings and perhaps ids, from any library",
    ),
    python: z.string().optional().meta({ placeholder: "PYTHON" }).describe(
      "Python that computes the reference",
    ),
    tolerance: z.number().positive().default(1e-4).describe(
      "Largest difference of a component from the reference",
    ),
    backend: backendOption,
  }),
  async run({ folder, backend, ...options }, io) {
    const { useBackend } = await import("../../../backend/mod.ts");
    const { checkModel } = await import("../../../model/mod.ts");
    const textTable = await tablesFor(io);
    await useBackend(backend);
    const rows: ModelCheck[] = [];
    for await (
      const row of checkModel(folder, { ...options, signal: io.signal })
    ) {
      io.note(`${row.check} …`);
      rows.push(row);
    }
    io.result(rows, () =>
      textTable(
        rows.map(({ check, ok, detail }) => ({
          check,
          result: ok === null ? "not tried" : ok ? "ok" : "WRONG",
          detail,
        })),
      ));
    return rows.some(({ ok }) => ok === false) ? 1 : 0;
  },
};
