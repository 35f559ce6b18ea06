import assert from "node:assert/strict";
import { ROOT } from "../_paths.ts";

/** A program of its own, since what wasm is started with stays. */
const PROGRAM = `
import { useBackend } from "@tdro/tdro/backend";
import { attention, matMul, Tape } from "@tdro/tdro/kernels";
import * as tf from "@tensorflow/tfjs-core";
const { reason } = await useBackend("wasm", { threads: Number(Deno.args[0]) });
const x = (...shape) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(Float32Array.from({ length: size }, (_, i) => Math.sin(i)), shape);
};
const work = () =>
  tf.tidy(() => {
    const products = [[37, 41, 5], [200, 300, 150], [1, 7, 1]]
      .map(([m, k, n]) => matMul(x(m, k), x(k, n)));
    const [q, dy] = [x(300, 64), x(300, 64)];
    const tape = new Tape([q]);
    const sequences = { offsets: Int32Array.of(0, 10, 150, 300) };
    const y = attention(q, q, q, { sequences, heads: 4, scale: 0.3, tape });
    const [gradient] = tape.backward([[y, dy]]).values();
    return [...products, y, gradient].flatMap((t) => [...t.dataSync()]);
  });
const products = work();
// Threads take a while to come; they must change nothing then.
for (let i = 0; i < 15; i++) {
  await new Promise((done) => setTimeout(done, 30));
  if (work().join() !== products.join()) throw new Error("other bits");
}
console.log(JSON.stringify({ reason, products, worker: globalThis.Worker.name }));
`;

async function run(
  threads: number | string,
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const file = `${ROOT}/.cache/wasm_threads_${crypto.randomUUID()}.ts`;
  await Deno.mkdir(`${ROOT}/.cache`, { recursive: true });
  await Deno.writeTextFile(file, PROGRAM);
  const { TDRO_WASM_THREADS: _, ...others } = Deno.env.toObject();
  try {
    // It must end by itself: threads keep no process alive.
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", file, `${threads}`],
      env: { ...others, NO_COLOR: "1", ...env },
      clearEnv: true,
      signal: AbortSignal.timeout(60_000),
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { code, out: text(stdout), err: text(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("wasm with threads gives the same bits, and the process ends", async () => {
  const [one, two] = [await run(1), await run(2)];
  assert.equal(one.code, 0, one.err);
  assert.equal(two.code, 0, two.err);
  const [alone, shared] = [JSON.parse(one.out), JSON.parse(two.out)];
  assert.equal(alone.reason, "WebAssembly runs everywhere");
  assert.equal(shared.reason, "WebAssembly runs everywhere; 2 threads");
  assert.equal(shared.worker, "Worker");
  assert.equal(shared.products.length, 185 + 30_000 + 1 + 2 * 300 * 64);
  assert.deepEqual(shared.products, alone.products);
});

Deno.test("TDRO_WASM_THREADS goes before the option, and must be a number", async () => {
  const one = await run(2, { TDRO_WASM_THREADS: "1" });
  assert.equal(JSON.parse(one.out).reason, "WebAssembly runs everywhere");
  const none = await run(2, { TDRO_WASM_THREADS: "many" });
  assert.match(none.err, /threads must be an integer >= 1: got NaN/);
});
