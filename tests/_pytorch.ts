/**
 * Python that has torch, transformers, sentence-transformers and peft: these
 * tests are reported as skipped where there is none, unless it is required.
 */
export const TORCH_PYTHON: string = Deno.env.get("TDRO_TORCH_PYTHON") ??
  "python3";

const REQUIRED = Deno.env.get("TDRO_REQUIRE_TORCH") === "1";

function hasTorch(): boolean {
  try {
    return new Deno.Command(TORCH_PYTHON, {
      args: [
        "-c",
        "import importlib.util as u; import sys; sys.exit(not all(u.find_spec(m) for m in ('torch', 'transformers', 'sentence_transformers', 'peft')))",
      ],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** Whether tests that need PyTorch are to be left out. */
export const WITHOUT_TORCH: boolean = !REQUIRED && !hasTorch();
