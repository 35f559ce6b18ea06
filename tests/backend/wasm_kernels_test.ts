import assert from "node:assert/strict";
import {
  compiledKernels,
  kernelBytes,
  kernelSources,
} from "../../lib/backend/wasm/compiled_kernels.ts";
import { BLOCK } from "../../lib/backend/wasm/run_wasm.ts";
import { TABLE } from "../../lib/backend/wasm/instance.ts";
import { build, fingerprint, zig, ZIG_VERSION } from "../e2e/_build_wasm.ts";

Deno.test("the kernels for WebAssembly are those of the sources", async () => {
  assert.equal(
    kernelSources(),
    await fingerprint(),
    'sources have changed: run "deno task wasm"',
  );
});

Deno.test("an instance has room for its statics, its stack and its table", async () => {
  const [section] = WebAssembly.Module.customSections(
    await compiledKernels(),
    "dylink.0",
  );
  // A kind, its length, then as LEB128: bytes, alignment, table slots.
  const bytes = [...new Uint8Array(section!)].slice(2);
  const next = () => {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = bytes.shift()!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const [statics, alignment, table] = [next(), next(), next()];
  assert.ok(statics > 0 && statics < BLOCK / 8, `${statics} bytes`);
  assert.ok(alignment <= 4, `on boundaries of 2^${alignment}`);
  assert.ok(1 + table < TABLE, `${table} functions`);
});

// 20 s of work: only where somebody has named the compiler.
const ready = Deno.env.has("TDRO_ZIG") && await zig() !== undefined;
Deno.test({
  name: `compiled again by ziglang ${ZIG_VERSION}, they are the same bytes` +
    (ready ? "" : " (TDRO_ZIG names no such compiler)"),
  ignore: !ready,
  fn: async () => {
    assert.deepEqual(await kernelBytes(), await build((await zig())!));
  },
});
