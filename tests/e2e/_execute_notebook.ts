/**
 * Runs notebooks with real Jupyter, without installing anything: the kernel is
 * made known in a temporary folder.
 *
 * As a program it refreshes the outputs of notebooks in place:
 * `deno run -A tests/e2e/_execute_notebook.ts NOTEBOOK…`
 */
import { join } from "node:path";
import { ROOT } from "../_paths.ts";

/** The Python that has nbclient: `TDRO_PYTHON`, or the one on the path. */
export const PYTHON = Deno.env.get("TDRO_PYTHON") ?? "python3";

/** Why notebooks can't be run here; `undefined` if they can. */
export function whyNoJupyter(): string | undefined {
  const command = new Deno.Command(PYTHON, {
    args: ["-c", "import nbclient, nbformat, jupyter_client"],
  });
  try {
    const { success, stderr } = command.outputSync();
    if (success) return;
    const last = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    return `${PYTHON}: ${last}`;
  } catch (error) {
    return `${PYTHON}: ${(error as Error).message}`;
  }
}

/**
 * Runs a notebook from top to bottom in a fresh kernel.
 *
 * @param notebook Path of the notebook; the kernel starts in its folder.
 * @param out Where to write it with its outputs.
 * @param options `env`: variables for the kernel besides our own; `seconds`: how
 * long a cell may take.
 * @throws {Error} If a cell fails, with the cell and its error.
 */
export function executeNotebook(
  notebook: string,
  out: string,
  { env = {}, seconds }: {
    env?: Record<string, string>;
    seconds?: number;
  } = {},
): Promise<void> {
  return withKernelSpec(async (places) => {
    const { success, stderr } = await new Deno.Command(PYTHON, {
      args: [
        join(ROOT, "tests/e2e/_execute_notebook.py"),
        ...[notebook, out],
        ...(seconds ? [`${seconds}`] : []),
      ],
      env: { ...places, ...env },
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  });
}

/**
 * Makes this Deno's kernel known to Jupyter while something runs, in a folder of
 * its own.
 *
 * @param use Gets the variables that tell Jupyter where.
 */
export async function withKernelSpec<T>(
  use: (env: Record<string, string>) => Promise<T>,
): Promise<T> {
  const home = await Deno.makeTempDir({ prefix: "tdro-jupyter-" });
  try {
    const spec = join(home, "data", "kernels", "deno");
    await Deno.mkdir(spec, { recursive: true });
    await Deno.writeTextFile(
      join(spec, "kernel.json"),
      JSON.stringify({
        argv: [
          ...[Deno.execPath(), "jupyter", "--kernel"],
          ...["--conn", "{connection_file}"],
        ],
        display_name: "Deno",
        language: "typescript",
      }),
    );
    return await use({
      JUPYTER_DATA_DIR: join(home, "data"),
      JUPYTER_RUNTIME_DIR: join(home, "runtime"),
      JUPYTER_CONFIG_DIR: join(home, "config"),
      IPYTHONDIR: join(home, "ipython"),
      PYTHONDONTWRITEBYTECODE: "1",
      NO_COLOR: "1",
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

if (import.meta.main) {
  const why = whyNoJupyter();
  if (why) {
    console.error(
      `Cannot run notebooks: ${why}; pip install nbclient nbformat`,
    );
    Deno.exit(2);
  }
  for (const notebook of Deno.args) {
    await executeNotebook(notebook, notebook);
    console.log(notebook);
  }
}
