import assert from "node:assert/strict";
import { compile } from "../../lib/backend/setup/compile.ts";
import { NATIVE_FILES } from "../../lib/backend/native/files.ts";

/**
 * The engines that multiply matrices, compiled on their own: a machine has one
 * of them, and the others must not rot. The vectors' code works with as many
 * numbers side by side as it's told, whatever the registers (those of the machine
 * are what the kernels' tests run on); tiles are emulated, see
 * `engines/emulated_tiles.h`.
 */
const FILES = {
  ...NATIVE_FILES,
  "check.cc": readHere("engines/check.cc"),
  "emulated_tiles.h": readHere("engines/emulated_tiles.h"),
};
/** The others are TensorFlow's operations. */
const SOURCES = ["check.cc", "gemm.cc", "nearest.cc", "product.cc", "pool.cc"];

function readHere(path: string): string {
  return Deno.readTextFileSync(new URL(path, import.meta.url));
}

/** Whether there is a compiler. */
function able(): boolean {
  try {
    return new Deno.Command("g++", { args: ["--version"] }).outputSync()
      .success;
  } catch {
    return false;
  }
}

async function resultsOf(program: string) {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    env: { TDRO_THREADS: "2" }, // also where there is one core
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => JSON.parse(line));
}

const x86 = Deno.build.arch === "x86_64";
const native = x86 ? "-march=native" : "-mcpu=native";
const wide = ["-DTDRO_LANES=16", "-DTDRO_PAIRS=1"];
/** Where there are tiles they would be taken. */
const noTiles = x86 ? ["-mno-amx-tile", "-mno-amx-bf16"] : [];

/** A name for people, the engine's number, and what makes a program take it. */
const ENGINES = ([
  ["registers of 4", 4, ["-DTDRO_LANES=4"]],
  ["registers of 8", 8, ["-DTDRO_LANES=8"]],
  ["registers of 16, and pairs of bfloat16", 16, [...wide, ...noTiles]],
  ["tiles", 0, [...wide, "-include", "emulated_tiles.h"]],
] as const).filter(([name]) => name !== "tiles" || x86);

/** All programs, compiled side by side when the first one is asked for. */
let programs: Promise<string[]> | undefined;
function compileAll(): Promise<string[]> {
  const files = Object.fromEntries(
    Object.entries(FILES).filter(([name]) =>
      name.endsWith(".h") || SOURCES.includes(name)
    ),
  );
  const common = ["-std=c++20", "-O1", native, "-fopenmp-simd", "-Wno-psabi"];
  return Promise.all(ENGINES.map(([, , flags]) =>
    compile({
      files,
      flags: [...common, ...flags],
      link: ["-pthread"],
      output: "check",
    })
  ));
}

ENGINES.forEach(([name, number], i) => {
  Deno.test({
    name: `products by ${name} equal sums in double precision`,
    ignore: !able(),
    fn: async () => {
      programs ??= compileAll();
      const program = (await programs)[i]!;
      const [first, ...results] = await resultsOf(program);
      assert.equal(first.engine, number);
      assert.equal(results[0].kept, 2);
      const products = results.filter(({ precision }) =>
        precision !== undefined
      );
      assert.equal(products.length, 3 * 32);
      for (const result of products) {
        // Differences come divided by √K. A bfloat16 is off by up to 2^-9 of
        // itself, so a product of two by 2^-8: √(K/9) of them in a sum, a few
        // deviations away. float32: at most six parts a product are added one
        // after the other, 6K roundings of 2^-25 of a partial sum of √(K/9), a
        // few deviations, twice as much where the result is doubled; and the
        // activation's own error of 2e-7 counts for values of some √K. Whole
        // numbers (2) are exact.
        const most = result.precision === 1
          ? 2 ** -6
          : 2 ** -22 * (8 + Math.sqrt(result.K));
        if (result.precision === 2) assert.equal(result.worst, 0);
        else assert.ok(result.worst < most, JSON.stringify(result));
      }
      const searches = results.filter(({ look }) => look !== undefined);
      assert.equal(searches.length, 4 * 11);
      for (const result of searches) {
        assert.equal(result.missed, 0, JSON.stringify(result));
        // What bfloat16 leaves in doubt among 3,001 rows; of one number all are.
        const doubt = result.D === 1 || result.look === 1 ? 3000 : 20;
        assert.ok(result.more <= doubt, JSON.stringify(result));
      }
      const bytes = results.filter(({ bytes }) => bytes !== undefined);
      assert.equal(bytes.length, 16);
      for (const { bytes: form, worst, ...shape } of bytes) {
        assert.ok(worst <= 1, `${form} ${JSON.stringify(shape)}: ${worst}`);
      }
      const spreads = results.filter(({ spread }) => spread !== undefined);
      assert.equal(spreads.length, 4);
      for (const { spread, ours, runs } of spreads) {
        // Each adds up in an order of its own; TensorFlow's is one of these too.
        assert.ok(ours < 2 * runs, `${spread}: ${ours} against ${runs}`);
      }
    },
  });
});
