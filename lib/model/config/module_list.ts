import { join } from "node:path";
import { z } from "zod";
import { readTextIfThere } from "../../base/files/read_text.ts";
import { parseJson } from "../../base/files/json_file.ts";
import { shown } from "../../base/shown.ts";
import { readRoute, type Side } from "./router.ts";

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

/** Modules that have one model for queries and another for passages. */
const ROUTERS = ["Router", "Asym"];

const TWO_MODELS =
  "it has one model for queries and another for passages, which tdro eval, search and serve take, and loadTowers() loads; here one model is needed";

/** What we say of the first modules that we don't run. */
const OTHER_FIRST: Readonly<Record<string, string>> = {
  Router: TWO_MODELS,
  Asym: TWO_MODELS,
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
 * the transformer. Of a Router it is the list of one side.
 *
 * @param folder Folder of a model.
 * @param side Which side's, where each has a model of its own.
 * @returns `undefined` if there is no such file.
 * @throws {SyntaxError} If the file is malformed or begins with another module; or
 * with a Router, and no side is named.
 */
export async function readModuleList(
  folder: string,
  side?: Side,
): Promise<ModuleEntry[] | undefined> {
  const path = join(folder, "modules.json");
  const listed = await listedModules(path);
  if (!listed) return;
  const [router, ...after] = listed;
  const list = side && ROUTERS.includes(router?.kind ?? "")
    ? [...await routeIn(folder, router!.path, side), ...after]
    : listed;
  const first = list[0]?.kind;
  if (first === "Transformer") return list;
  const why = first === undefined ? undefined : OTHER_FIRST[first];
  throw new SyntaxError(
    `Cannot read ${path}: modules must begin with Transformer: got ${
      shown(first)
    }${why ? `; ${why}` : ""}`,
  );
}

/**
 * Whether a model's folder has one model for queries and another for passages.
 *
 * @param folder Folder of a model.
 */
export async function hasTwoTowers(folder: string): Promise<boolean> {
  const list = await listedModules(join(folder, "modules.json"));
  return ROUTERS.includes(list?.[0]?.kind ?? "");
}

async function routeIn(
  folder: string,
  path: string,
  side: Side,
): Promise<ModuleEntry[]> {
  const route = await readRoute(join(folder, path), side);
  return route.map((entry) => ({ ...entry, path: join(path, entry.path) }));
}

async function listedModules(path: string): Promise<ModuleEntry[] | undefined> {
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const { data, error } = ModulesFile.safeParse(parseJson(text, path));
  if (error) {
    const { path: field, message } = error.issues[0]!;
    throw new SyntaxError(
      `Cannot read ${path}: ${[...field, message].join(": ")}`,
    );
  }
  return data.map(({ path, type }) => ({
    path,
    kind: type.split(".").at(-1)!,
  }));
}
