import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { findInstallation } from "../../lib/backend/_tensorflow.ts";
import { CUDA_FILES } from "../../lib/backend/cuda/files.ts";

const ignore = Deno.env.get("TDRO_REQUIRE_TENSORFLOW") !== "1" &&
  !findInstallation();

/**
 * Where a GPU's kernels are tried: against the composed ones, and by what
 * they must do whatever computes it.
 */
const FILES = [
  "native_test.ts",
  "adamw_update_test.ts",
  "row_gradient_test.ts",
];

Deno.test({
  name:
    "the CUDA kernels, played on the processor, compute what composed ones do",
  ignore,
  fn: async () => {
    assert.ok(await passedEmulated(FILES) >= 40);
  },
});

Deno.test({
  name: "attention's CUDA kernels fit an older GPU's blocks",
  ignore,
  fn: async () => {
    const passed = await passedEmulated(
      ["native_test.ts", "--filter", "attention(), heads of"],
      { TDRO_EMULATED_BLOCK: `${64 << 10}` },
    );
    assert.equal(passed, 3);
  },
});

Deno.test("every file of the CUDA kernels is on the build's list", () => {
  const shared = ["call.h", "tensorflow.h"]; // with the processor's
  const found = [...Deno.readDirSync(here("../../lib/backend/cuda"))]
    .map((entry) => entry.name).filter((name) => !name.endsWith(".ts"));
  assert.deepEqual(
    [...found, ...shared].sort(),
    Object.keys(CUDA_FILES).sort(),
  );
});

/**
 * Number of tests that passed with the emulated kernels, none having failed. In a
 * process of its own: TensorFlow knows one kernel for each name.
 */
async function passedEmulated(
  [...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<number> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", ...args],
    cwd: here("."),
    env: { ...env, TDRO_NATIVE: "emulated", NO_COLOR: "1" },
  }).output();
  const log = new TextDecoder().decode(stdout);
  assert.equal(code, 0, log.slice(-4000));
  return Number(/ok \| (\d+) passed/.exec(log)?.[1]);
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
