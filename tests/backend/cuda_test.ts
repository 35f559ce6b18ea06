import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCuda } from "../../lib/backend/setup/cuda_build.ts";
import {
  findInstallation,
  type Installation,
} from "../../lib/backend/setup/tensorflow.ts";
import { CUDA_FILES } from "../../lib/backend/cuda/files.ts";
import { tempFolder } from "../_temp_folder.ts";

const ignore = Deno.env.get("TDRO_REQUIRE_TENSORFLOW") !== "1" &&
  !findInstallation();

/**
 * Where a GPU's kernels are tried: against the composed ones, and by what
 * they must do whatever computes it. No file that opens WebGPU: Mesa's software
 * driver now and then damages the heap, and ends the process as it leaves.
 */
const FILES = ["native_test.ts", "autograd/adamw_update_test.ts"];

Deno.test({
  name:
    "the CUDA kernels, played on the processor, compute what composed ones do",
  ignore,
  fn: async () => {
    // Those on WebAssembly would count too, and say nothing of CUDA.
    const passed = await passedEmulated([
      ...FILES,
      "--filter",
      "[tensorflow]",
    ]);
    assert.ok(passed >= 37, `${passed}`);
  },
});

Deno.test({
  name: "attention's CUDA kernels fit an older GPU's blocks",
  ignore,
  fn: async () => {
    const passed = await passedEmulated(
      ["native_test.ts", "--filter", "/attention.., heads of.*tensorflow/"],
      { TDRO_EMULATED_BLOCK: `${64 << 10}` },
    );
    assert.equal(passed, 3);
  },
});

/**
 * Folder with NVIDIA's run-time compiler, which needs no GPU: TensorFlow's CUDA
 * build, or the site packages of the tests' Python.
 */
function compilerFolder(): string | undefined {
  const installed = findInstallation("cuda");
  if (installed) return installed.folder;
  try {
    const { success, stdout } = new Deno.Command(
      Deno.env.get("TDRO_PYTHON") ?? "python3",
      {
        args: [
          "-c",
          "import nvidia.cuda_nvrtc as m; print(list(m.__path__)[0])",
        ],
        stderr: "null",
      },
    ).outputSync();
    const path = new TextDecoder().decode(stdout).trim();
    return success ? join(path, "..", "..") : undefined;
  } catch {
    return undefined;
  }
}

const folder = compilerFolder();
for (
  const [name, generation, begins] of [
    ["Turing", 75, "\x7fELF"],
    ["a GPU to come", 190, "//"],
  ] as const
) {
  Deno.test({
    name: `NVIDIA's compiler takes the CUDA kernels, for ${name}`,
    ignore: !folder && Deno.env.get("TDRO_REQUIRE_NVRTC") !== "1",
    fn: async () => {
      const cache = await tempFolder();
      const before = Deno.env.get("TDRO_CACHE");
      Deno.env.set("TDRO_CACHE", cache);
      try {
        const installation = { flavour: "cuda", folder: folder!, addon: "" };
        const code = await buildCuda(installation as Installation, generation);
        const head = new TextDecoder("latin1").decode(code.slice(0, 4));
        assert.ok(head.startsWith(begins), head);
      } finally {
        if (before === undefined) Deno.env.delete("TDRO_CACHE");
        else Deno.env.set("TDRO_CACHE", before);
        await Deno.remove(cache, { recursive: true });
      }
    },
  });
}

Deno.test("every file of the CUDA kernels is on the build's list", () => {
  // With the processor's.
  const shared = ["call.h", "precision.h", "tensorflow.h", "wanted.h"];
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
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", ...args],
    cwd: here("."),
    env: { ...env, TDRO_NATIVE: "emulated", NO_COLOR: "1" },
  }).output();
  const [log, errors] = [stdout, stderr].map((b) =>
    new TextDecoder().decode(b)
  );
  assert.equal(code, 0, `${log!.slice(-4000)}${errors!.slice(-4000)}`);
  return Number(/ok \| (\d+) passed/.exec(log!)?.[1]);
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
