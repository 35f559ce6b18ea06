import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The scripts that draw a plot in a browser, in the order they must run. */
export interface ClientLibraries {
  /** Builds for browsers: Vega, Vega-Lite, Vega-Embed. */
  scripts: string[];
  /** Names with versions, e.g. `vega 6.4.0`. */
  versions: string[];
}

const PACKAGES = [
  ["vega", "build/vega.min.js"],
  ["vega-lite", "build/vega-lite.min.js"],
  ["vega-embed", "build/vega-embed.min.js"],
] as const;

let libraries: Promise<ClientLibraries | undefined> | undefined;

/**
 * The packages' own minified builds, read where Deno keeps the packages that
 * this program imports: the cache or `node_modules`, from a checkout and from
 * JSR alike. Undefined where they can't be had (e.g. no right to read them).
 */
export function clientLibraries(): Promise<ClientLibraries | undefined> {
  return libraries ??= readLibraries().catch(() => undefined);
}

async function readLibraries(): Promise<ClientLibraries> {
  const require = createRequire(await embedFile());
  const scripts: string[] = [];
  const versions: string[] = [];
  for (const [name, build] of PACKAGES) {
    const folder = packageFolder(require.resolve(name), name);
    // A reference to a source map would be a request to nowhere.
    const text = await Deno.readTextFile(join(folder, build));
    scripts.push(text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
    const about = await Deno.readTextFile(join(folder, "package.json"));
    versions.push(`${name} ${JSON.parse(about).version}`);
  }
  return { scripts, versions };
}

/**
 * A file of Vega-Embed. No package tells its place, and a module from the
 * network has no folder to ask from; but whoever reads a property of what we
 * hand over stands in the stack.
 */
async function embedFile(): Promise<string> {
  const { default: embed } = await import("vega-embed");
  let stack = "";
  const spy = {
    get usermeta() {
      stack ||= new Error().stack ?? "";
      return undefined;
    },
  };
  // It ends in an error: there is no document to draw in.
  await embed(undefined as never, spy as never).catch(() => {});
  const place = /file:\/\/\S*?vega-embed\/\S*?\.[jt]s/.exec(stack)?.[0];
  if (place === undefined) throw new Error("vega-embed is not in the stack");
  return fileURLToPath(place);
}

/** The folder of a package, by one of its files. */
function packageFolder(file: string, name: string): string {
  let folder = dirname(file);
  while (folder !== dirname(folder)) {
    try {
      const text = Deno.readTextFileSync(join(folder, "package.json"));
      if (JSON.parse(text).name === name) return folder;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    folder = dirname(folder);
  }
  throw new Deno.errors.NotFound(`${file} lies in no package ${name}`);
}
