/**
 * Turns the code cells of notebooks into modules that can be type-checked: the
 * kernel runs cells without checking them, and `deno check` skips notebooks.
 *
 * As a program it writes one module a notebook and prints their paths:
 * `deno run -A tests/e2e/_extract_cells.ts OUT_FOLDER NOTEBOOK…`
 */
import { basename, join } from "node:path";

/** A notebook file, as far as we look into it (nbformat 4.5). */
export interface Notebook {
  nbformat: number;
  cells: Cell[];
  metadata: { kernelspec?: { name: string } };
}

/** One cell of a notebook. */
export interface Cell {
  id?: string;
  cell_type: "code" | "markdown" | "raw";
  source: string | string[];
  execution_count?: number | null;
  outputs?: Output[];
}

/** One output of a code cell. */
export interface Output {
  output_type: "stream" | "display_data" | "execute_result" | "error";
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
}

/** Reads a notebook. */
export async function readNotebook(path: string): Promise<Notebook> {
  return JSON.parse(await Deno.readTextFile(path));
}

/** The text of a cell or stream, which a notebook may keep line by line. */
export function joined(text: string | string[]): string {
  return Array.isArray(text) ? text.join("") : text;
}

/** All code cells as one module; a comment tells where each begins. */
export function extractCells({ cells }: Notebook): string {
  const code = cells.filter((cell) => cell.cell_type === "code");
  // A cell shares its top level with the others, as the parts of a module do.
  return code.map((cell, i) =>
    `// cell ${cell.id ?? i}\n${joined(cell.source)}\n`
  ).join("\n") + "\nexport {};\n";
}

if (import.meta.main) {
  const [out, ...notebooks] = Deno.args;
  await Deno.mkdir(out!, { recursive: true });
  for (const notebook of notebooks) {
    const path = join(out!, basename(notebook, ".ipynb") + ".ts");
    await Deno.writeTextFile(path, extractCells(await readNotebook(notebook)));
    console.log(path);
  }
}
