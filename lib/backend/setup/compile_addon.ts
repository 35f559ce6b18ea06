import { join } from "node:path";
import { lastLine, type RunProgram } from "./run_program.ts";

/** Sources of the addon in the npm package of tfjs-node-gpu. */
const SOURCES = [
  "napi_auto_ref.h",
  "tf_auto_status.h",
  "tf_auto_tensor.h",
  "tfe_auto_op.h",
  "tfjs_backend.cc",
  "tfjs_backend.h",
  "tfjs_binding.cc",
  "utils.h",
] as const;

/**
 * Throws unless there is a C++ compiler.
 *
 * @param cc Its name.
 * @param run Runs programs.
 */
export async function requireCompiler(
  cc: string,
  run: RunProgram,
): Promise<void> {
  const found = await run(cc, ["--version"]);
  if (found.ok) return;
  throw new RangeError(
    `Cannot set up: no C++ compiler (${lastLine(found.text)}); ` +
      `install one (Debian: apt-get install g++) and run setup again`,
  );
}

/**
 * Compiles the addon that drives TensorFlow's library, beside it.
 *
 * @param folder Folder that holds `tensorflow`.
 * @param options The compiler's name, and what runs it.
 * @throws {RangeError} If the compiler fails.
 */
export async function compileAddon(
  folder: string,
  { cc, run }: { cc: string; run: RunProgram },
): Promise<void> {
  const source = join(folder, "binding");
  await Deno.mkdir(source, { recursive: true });
  for (const [name, text] of await readSources()) {
    await Deno.writeTextFile(join(source, name), text);
  }
  const { default: headers } = await import("node-api-headers");
  const mac = Deno.build.os === "darwin";
  const libraries = mac
    ? ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"]
    : ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
  const here = mac ? "@loader_path" : "$ORIGIN";
  // Node-API's functions come from the process that loads the addon; macOS's
  // linker must be told.
  const linking = mac ? ["-undefined", "dynamic_lookup"] : [];
  const built = await run(cc, [
    "-O2",
    "-fPIC",
    "-shared",
    "-std=c++17",
    "-DNAPI_VERSION=8",
    ...linking,
    `-I${headers.include_dir}`,
    `-I${join(folder, "tensorflow", "include")}`,
    join(source, "tfjs_backend.cc"),
    join(source, "tfjs_binding.cc"),
    "-o",
    join(folder, "tfjs_binding.node"),
    ...libraries.map((name) => join(folder, "tensorflow", name)),
    `-Wl,-rpath,${here}/tensorflow`,
  ]);
  if (!built.ok) {
    throw new RangeError(
      `Cannot set up: ${cc} failed on the addon: ${lastLine(built.text)}`,
    );
  }
}

/** The addon's C++ files, as text out of the pinned npm package. */
async function readSources(): Promise<[string, string][]> {
  // Asking for a module of the package makes Deno fetch all of it.
  await import("@tensorflow/tfjs-node-gpu/package.json", {
    with: { type: "json" },
  });
  const base = "npm:@tensorflow/tfjs-node-gpu@4.22.0/binding";
  return await Promise.all(
    SOURCES.map(async (name): Promise<[string, string]> => {
      const url = import.meta.resolve(`${base}/${name}`);
      return [name, await Deno.readTextFile(new URL(url))];
    }),
  );
}
