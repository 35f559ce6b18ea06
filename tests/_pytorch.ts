import { fromFileUrl } from "./_paths.ts";

const NAMED = Deno.env.get("TDRO_TORCH_PYTHON") ?? "python3";

/**
 * Python that has torch, transformers, sentence-transformers and peft: these
 * tests are reported as skipped where there is none, unless it is required. The
 * libraries are imported once for all tests, see `_torch_python`.
 */
export const TORCH_PYTHON: string = fromFileUrl(
  new URL("_torch_python", import.meta.url),
);
Deno.env.set("TDRO_TORCH_SERVER", NAMED);
Deno.env.set("TDRO_TORCH_SOCKET", await socketOf(Deno.pid));
Deno.env.set("TDRO_TORCH_FOR", `${Deno.pid}`);

const REQUIRED = Deno.env.get("TDRO_REQUIRE_TORCH") === "1";

/** One for all test files of this process, and for no other. */
async function socketOf(process: number): Promise<string> {
  const known = Deno.env.get("TDRO_TORCH_SOCKET");
  if (known && Deno.env.get("TDRO_TORCH_FOR") === `${process}`) return known;
  return `${await Deno.makeTempDir({ prefix: "tdro-torch-" })}/socket`;
}

function hasTorch(): boolean {
  try {
    return new Deno.Command(NAMED, {
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
