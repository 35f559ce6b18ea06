import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { exists } from "../base/files/exists.ts";
import { hash32 } from "../base/hash32.ts";

/** Versions of what the docs suite is made from. */
export interface SourceVersions {
  /** Deno itself: its own types. */
  deno: string;
  /** The package `typescript`. */
  typescript: string;
  /** The package `@types/node`. */
  typesNode: string;
  /** The package `@tensorflow/tfjs-core`. */
  tfjsCore: string;
  /** Hash of the schema of the package `vega-lite`, which doesn't say its version. */
  vegaLiteSchema: string;
}

/**
 * Versions of the sources. The imports name the packages literally, so that
 * Deno downloads exactly the pinned ones, files and all, whether this module
 * runs from a checkout or as part of somebody else's program.
 */
export async function sourceVersions(): Promise<SourceVersions> {
  const [typescript, typesNode, tfjsCore, schema] = await Promise.all([
    import("typescript/package.json", { with: { type: "json" } }),
    // @ts-expect-error TS6137: the rule is about types, this asks for the data
    import("@types/node/package.json", { with: { type: "json" } }),
    import("@tensorflow/tfjs-core/package.json", { with: { type: "json" } }),
    vegaLiteSchema(),
  ]);
  return {
    deno: Deno.version.deno,
    typescript: typescript.default.version,
    typesNode: typesNode.default.version,
    tfjsCore: tfjsCore.default.version,
    vegaLiteSchema: hash32(JSON.stringify(schema)).toString(16),
  };
}

/** The JSON schema that comes with the package `vega-lite`. */
export async function vegaLiteSchema(): Promise<unknown> {
  const schema = await import("vega-lite/vega-lite-schema.json", {
    with: { type: "json" },
  });
  return schema.default;
}

/**
 * Folder of a package that was imported, in the cache or in `node_modules`.
 *
 * Only `typescript` tells where it is (`ts.sys.getExecutingFilePath()`), so
 * the others are looked for from there: as Node would, which finds any package
 * of the program, and as a neighbour in the cache. Another version of the
 * package may be about; it is passed over.
 *
 * @param name Package name.
 * @param version The version wanted.
 * @param typescriptPath Path of a file in the `lib` folder of `typescript`.
 */
export async function packageFolder(
  name: string,
  version: string,
  typescriptPath: string,
): Promise<string> {
  const candidates: string[] = [];
  try {
    const path = createRequire(typescriptPath).resolve(`${name}/package.json`);
    candidates.push(dirname(path));
  } catch {
    // Not to be found this way; the neighbours are left.
  }
  const typescriptFolder = dirname(dirname(typescriptPath));
  candidates.push(
    join(typescriptFolder, "..", name, version), // Deno's cache
    join(typescriptFolder, "..", name), // node_modules
  );
  for (const folder of candidates) {
    const path = join(folder, "package.json");
    if (!await exists(path)) continue;
    const found = JSON.parse(await Deno.readTextFile(path));
    if (found.version === version) return folder;
  }
  throw new Deno.errors.NotFound(
    `Cannot find the files of npm package ${name}@${version}, a source of the docs suite: run "deno cache --reload npm:${name}@${version}"`,
  );
}
