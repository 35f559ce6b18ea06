import assert from "node:assert/strict";
import { join } from "node:path";

/**
 * The engines that multiply matrices, compiled on their own: a machine has one
 * of them, and the other must not rot. Tiles are emulated (see
 * `engines/emulated_tiles.h`), so that they are tested without Intel AMX.
 */
const NATIVE = new URL("../../lib/backend/native", import.meta.url).pathname;
const HERE = new URL("engines", import.meta.url).pathname;

/** Whether the processor has what both are made of, and there is a compiler. */
function able(): boolean {
  try {
    const flags = Deno.readTextFileSync("/proc/cpuinfo");
    return /\bavx512_bf16\b/.test(flags) &&
      new Deno.Command("g++", { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

async function lines(program: string, args: string[]): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}

for (
  const [name, number, flags] of [
    ["vectors", 1, ["-mno-amx-bf16"]],
    ["tiles", 2, ["-include", join(HERE, "emulated_tiles.h")]],
  ] as const
) {
  Deno.test({
    name: `products by ${name} equal sums in double precision`,
    ignore: !able(),
    fn: async () => {
      const folder = await Deno.makeTempDir();
      const program = join(folder, "check");
      await lines("g++", [
        ...["-std=c++20", "-O2", "-march=native", "-fopenmp-simd", ...flags],
        ...["-I", NATIVE, join(HERE, "check.cc")],
        ...["gemm.cc", "product.cc", "pool.cc"].map((f) => join(NATIVE, f)),
        ...["-o", program, "-pthread"],
      ]);
      const [first, ...results] = (await lines(program, []))
        .map((line) => JSON.parse(line));
      assert.equal(first.engine, number);
      assert.equal(results.length, 48);
      for (const result of results) {
        // Differences come divided by √K. A bfloat16 is off by up to 2^-9 of
        // itself, so a product of two by 2^-8: √(K/9) of them in a sum, a few
        // deviations away. float32: six parts a product are added one after the
        // other, 6K roundings of 2^-25 of a partial sum of √(K/9), a few
        // deviations, twice as much where the result is doubled; and the
        // activation's own error of 2e-7 counts for values of some √K.
        const most = result.parts === 1
          ? 2 ** -6
          : 2 ** -22 * (8 + Math.sqrt(result.K));
        assert.ok(result.worst < most, JSON.stringify(result));
      }
      await Deno.remove(folder, { recursive: true });
    },
  });
}
