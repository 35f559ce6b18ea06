import project from "../../deno.json" with { type: "json" };

/** Versions of what computes a run: this package, Deno, and its pinned packages. */
export function versions(): Record<string, string> {
  const pinned = (name: keyof typeof project.imports) =>
    project.imports[name].split("@").at(-1)!;
  return {
    tdro: project.version,
    deno: Deno.version.deno,
    tfjs: pinned("@tensorflow/tfjs-core"),
  };
}
