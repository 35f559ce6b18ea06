import assert from "node:assert/strict";
import { join } from "node:path";

/**
 * The engines that multiply matrices, compiled on their own: a machine has one
 * of them, and the others must not rot. The vectors' code works with as many
 * numbers side by side as it's told, whatever the registers (those of the machine
 * are what the kernels' tests run on); tiles are emulated, see
 * `engines/emulated_tiles.h`.
 */
const NATIVE = new URL("../../lib/backend/native", import.meta.url).pathname;
const HERE = new URL("engines", import.meta.url).pathname;

/** Whether there is a compiler. */
function able(): boolean {
  try {
    return new Deno.Command("g++", { args: ["--version"] }).outputSync()
      .success;
  } catch {
    return false;
  }
}

async function lines(program: string, args: string[]): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { TDRO_THREADS: "2" }, // also where there is one core
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}

const x86 = Deno.build.arch === "x86_64";
const native = x86 ? "-march=native" : "-mcpu=native";
const wide = ["-DTDRO_LANES=16", "-DTDRO_PAIRS=1"];
/** Where there are tiles they would be taken. */
const noTiles = x86 ? ["-mno-amx-tile", "-mno-amx-bf16"] : [];

for (
  const [name, number, flags] of [
    ["registers of 4", 4, ["-DTDRO_LANES=4"]],
    ["registers of 16, and pairs of bfloat16", 16, [...wide, ...noTiles]],
    ["tiles", 0, [...wide, "-include", join(HERE, "emulated_tiles.h")]],
  ] as const
) {
  Deno.test({
    name: `products by ${name} equal sums in double precision`,
    ignore: !able() || (name === "tiles" && !x86),
    fn: async () => {
      const folder = await Deno.makeTempDir();
      const program = join(folder, "check");
      await lines("g++", [
        ...["-std=c++20", "-O1", native, "-fopenmp-simd", "-Wno-psabi"],
        ...flags,
        ...["-I", NATIVE, join(HERE, "check.cc")],
        ...["gemm.cc", "product.cc", "pool.cc"].map((f) => join(NATIVE, f)),
        ...["-o", program, "-pthread"],
      ]);
      const [first, ...results] = (await lines(program, []))
        .map((line) => JSON.parse(line));
      assert.equal(first.engine, number);
      assert.equal(results.length, 3 * 32);
      for (const result of results) {
        // Differences come divided by √K. A bfloat16 is off by up to 2^-9 of
        // itself, so a product of two by 2^-8: √(K/9) of them in a sum, a few
        // deviations away. float32: at most six parts a product are added one
        // after the other, 6K roundings of 2^-25 of a partial sum of √(K/9), a
        // few deviations, twice as much where the result is doubled; and the
        // activation's own error of 2e-7 counts for values of some √K. Whole
        // numbers (2) are exact.
        const most = result.parts === 1
          ? 2 ** -6
          : 2 ** -22 * (8 + Math.sqrt(result.K));
        if (result.parts === 2) assert.equal(result.worst, 0);
        else assert.ok(result.worst < most, JSON.stringify(result));
      }
      await Deno.remove(folder, { recursive: true });
    },
  });
}
