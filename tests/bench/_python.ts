import { join } from "node:path";

/** What the peers need; versions are those that were tried. */
const PACKAGES = [
  ...["torch==2.13.0", "transformers", "sentence-transformers", "datasets"],
  ...["faiss-cpu", "pytrec_eval-terrier", "bm25s", "onnx", "onnxruntime"],
  ...["openvino", "nncf"],
];

/** The Python of the peers, in an environment of its own. */
export async function benchPython(folder: string): Promise<string> {
  const named = Deno.env.get("TDRO_BENCH_PYTHON");
  if (named) return named;
  const environment = join(folder, "venv");
  const python = join(environment, "bin", "python");
  const marker = join(environment, "ready");
  const wanted = PACKAGES.join("\n");
  if (await Deno.readTextFile(marker).catch(() => "") === wanted) return python;
  console.error("installing the peers, once …");
  await run("python3", ["-m", "venv", environment]);
  // torch first: the build that is there must not be replaced by a newer one.
  for (const name of PACKAGES) {
    await run(python, ["-m", "pip", "install", "--quiet", name]);
  }
  await Deno.writeTextFile(marker, wanted);
  return python;
}

async function run(command: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
}
