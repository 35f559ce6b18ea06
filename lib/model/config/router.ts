import { join } from "node:path";
import { z } from "zod";
import { isFile } from "../../base/files/exists.ts";
import { own } from "../../base/own.ts";
import { shown } from "../../base/shown.ts";
import { readIfPresent, readRequired } from "./read_file.ts";
import type { ModuleEntry } from "./module_list.ts";

/** Which texts a model is for; queries and passages may each have one. */
export type Side = "query" | "passage";

/** What sentence-transformers calls the two sides. */
export const ROUTES: Readonly<Record<Side, string>> = {
  query: "query",
  passage: "document",
};

/** The file of a Router; Asym, as version 4 and before called it, has the other. */
export const ROUTER_FILE = "router_config.json";
const EARLIER_FILE = "config.json";

const moduleId = z.string().regex(
  /^(?!\.)[\w. -]{1,200}$/,
  "must be a folder of the model",
);

const RouterFile = z.looseObject({
  types: z.record(moduleId, z.string()),
  structure: z.record(z.string(), z.array(moduleId).min(1)),
  parameters: z.looseObject({
    route_mappings: z.record(z.string(), z.string()).nullish(),
  }).default({}),
});

/**
 * Reads which modules a side's texts go through in a Router of
 * sentence-transformers: of the route that its `encode_query` or
 * `encode_document` takes.
 *
 * @param folder Folder of the Router's file.
 * @param side Which texts.
 * @returns The modules; their paths start at the Router's folder.
 * @throws {SyntaxError} If the file is malformed, has no such route, or chooses
 * routes by rules of its own.
 */
export async function readRoute(
  folder: string,
  side: Side,
): Promise<ModuleEntry[]> {
  const path = join(
    folder,
    await isFile(join(folder, ROUTER_FILE)) ? ROUTER_FILE : EARLIER_FILE,
  );
  const { types, structure, parameters } = await readRequired(path, RouterFile);
  const refuse = (what: string): never => {
    throw new SyntaxError(`Cannot read ${path}: ${what}`);
  };
  const mappings = Object.keys(parameters.route_mappings ?? {});
  if (mappings.length > 0) {
    refuse(
      `route_mappings must be empty, as routes are chosen by side alone here: got ${
        mappings.join(", ")
      }`,
    );
  }
  const route = ROUTES[side];
  const modules = own(structure, route) ?? refuse(
    `structure must have a route "${route}" for ${
      side === "query" ? "queries" : "passages"
    }: got ${Object.keys(structure).join(", ")}`,
  );
  return modules.map((id) => {
    const type = own(types, id) ??
      refuse(`types must name the class of ${shown(id)}: got none`);
    return { path: id, kind: type.split(".").at(-1)! };
  });
}

const NotedFile = z.looseObject({
  tdro: z.looseObject({ passageModel: z.string().optional() }).optional(),
});

/**
 * Which model encodes passages in a model of two, if it was one of its own before.
 *
 * @param folder Folder of a model.
 * @returns Its hash, as `saveTowers()` noted it.
 */
export async function notedPassageModel(
  folder: string,
): Promise<string | undefined> {
  const path = join(folder, "config_sentence_transformers.json");
  return (await readIfPresent(path, NotedFile))?.tdro?.passageModel;
}

/** What a Router's file says of modules, by side; `readRoute` reads it. */
export function routerFile(
  sides: Readonly<Record<Side, readonly ModuleEntry[]>>,
): Record<string, unknown> {
  const entries = [...sides.query, ...sides.passage];
  const ids = (side: Side) => sides[side].map(({ path }) => path);
  return {
    types: Object.fromEntries(
      entries.map(({ path, kind }) => [
        path,
        `sentence_transformers.models.${kind}`,
      ]),
    ),
    structure: {
      [ROUTES.query]: ids("query"),
      [ROUTES.passage]: ids("passage"),
    },
    parameters: { default_route: ROUTES.passage, allow_empty_key: true },
  };
}
