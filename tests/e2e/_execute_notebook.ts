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

/** A notebook to run, and where to write it with its outputs. */
export type Job = readonly [notebook: string, out: string];

/** How {@linkcode executeNotebooks} runs them. */
export interface ExecuteOptions {
  /** Variables for the kernels besides our own. */
  env?: Record<string, string>;
  /** How long a cell may take; without it, as long as it likes. */
  seconds?: number;
  /** How many run side by side. @default {1} */
  atOnce?: number;
}

/**
 * Runs notebooks from top to bottom, each in a fresh kernel that starts in the
 * notebook's folder.
 *
 * @param jobs Which, and where to.
 * @param options How.
 * @returns By notebook, what went wrong: the cell and its error, or `null`.
 * @throws {Error} If they can't be run.
 */
export function executeNotebooks(
  jobs: readonly Job[],
  { env = {}, seconds, atOnce = 1 }: ExecuteOptions = {},
): Promise<Map<string, string | null>> {
  return withKernelSpec(async (places) => {
    const child = new Deno.Command(PYTHON, {
      args: [join(ROOT, "tests/e2e/_execute_notebook.py")],
      env: { ...places, ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(
      JSON.stringify({ notebooks: jobs, seconds: seconds ?? null, atOnce }),
    ));
    await writer.close();
    const { success, stdout, stderr } = await child.output();
    if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
    const lines = new TextDecoder().decode(stdout).trim().split("\n")
      .map((line) => JSON.parse(line));
    return new Map(lines.map(({ notebook, error }) => [notebook, error]));
  });
}

/**
 * Runs a notebook as {@linkcode executeNotebooks} does.
 *
 * @throws {Error} If a cell fails, with the cell and its error.
 */
export async function executeNotebook(
  [notebook, out]: Job,
  options: ExecuteOptions = {},
): Promise<void> {
  const errors = await executeNotebooks([[notebook, out]], options);
  const error = errors.get(notebook);
  if (error) throw new Error(error);
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
    await executeNotebook([notebook, notebook]);
    console.log(notebook);
  }
}
