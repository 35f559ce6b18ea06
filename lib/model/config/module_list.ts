import { join } from "node:path";
import { z } from "zod";
import { readTextIfThere } from "../../base/files/read_text.ts";
import { parseJson } from "../../base/files/json_file.ts";
import { shown } from "../../base/shown.ts";

/** A row of `modules.json`. */
export interface ModuleEntry {
  /** Folder of its files in the model's; `""` for the model's own. */
  path: string;
  /** Its class, e.g. `"Pooling"`: the class's place has changed with the versions. */
  kind: string;
}

const ModulesFile = z.array(z.looseObject({
  path: z.string().regex(
    /^(?!\.)[\w. -]{0,200}$/,
    "must be a folder of the model",
  ),
  type: z.string(),
}));

/** What we say of the first modules that we don't run. */
const OTHER_FIRST: Readonly<Record<string, string>> = {
  Router:
    "it has one model for queries and another for passages; save one of them as a model of its own with sentence-transformers",
  Asym:
    "it has one model for queries and another for passages; save one of them as a model of its own with sentence-transformers",
  StaticEmbedding: "its words have vectors, but no transformer",
  SparseStaticEmbedding: "its vectors are sparse",
  MLMTransformer: "its vectors are sparse (SPLADE)",
  SpladePooling: "its vectors are sparse (SPLADE)",
  WordEmbeddings: "its words have vectors, but no transformer",
  BoW: "it counts words",
  CLIPModel: "it takes pictures",
};

/**
 * Reads `modules.json`, the list of what a text goes through; its first entry is
 * the transformer.
 *
 * @param folder Folder of a model.
 * @returns `undefined` if there is no such file.
 * @throws {SyntaxError} If the file is malformed or begins with another module.
 */
export async function readModuleList(
  folder: string,
): Promise<ModuleEntry[] | undefined> {
  const path = join(folder, "modules.json");
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const { data, error } = ModulesFile.safeParse(parseJson(text, path));
  if (error) {
    const { path: field, message } = error.issues[0]!;
    throw new SyntaxError(
      `Cannot read ${path}: ${[...field, message].join(": ")}`,
    );
  }
  const list = data.map(({ path, type }) => ({
    path,
    kind: type.split(".").at(-1)!,
  }));
  const first = list[0]?.kind;
  if (first === "Transformer") return list;
  const why = first === undefined ? undefined : OTHER_FIRST[first];
  throw new SyntaxError(
    `Cannot read ${path}: modules must begin with Transformer: got ${
      shown(first)
    }${why ? `; ${why}` : ""}`,
  );
}
