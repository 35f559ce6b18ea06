/** Every collective once, on as many workers as there are; prints what came out. */
import assert from "node:assert/strict";
import {
  bytesOf,
  fixedSum,
  floatsOf,
  hear,
  openMpi,
  outerLauncher,
  tell,
} from "../../lib/workers/mod.ts";

const launcher = outerLauncher()!;
const workers = await openMpi({ expected: launcher.size });
const { rank, size } = workers;
assert.deepEqual([rank, size], [launcher.rank, launcher.size]);

/** Numbers whose float32 sum depends on the order; of worker r. */
const numbers = (r: number, length: number) => {
  const values = new Float32Array(length);
  const size = 10 ** (r % 3) / 999;
  for (let i = 0; i < length; i++) values[i] = ((i * 7919 + r) % 1000) * size;
  return values;
};

for (const length of [0, 1, 5, 1000, 2 ** 22 + 3]) {
  const sum = numbers(rank, length);
  await workers.allReduce(sum);
  const rows = Array.from({ length: size }, (_, r) => numbers(r, length));
  const expected = fixedSum(rows);
  assert.equal(sum.length, length);
  const wrong = sum.findIndex((value, i) => value !== expected[i]);
  assert.equal(wrong, -1, `length ${length}`);
}

const rounded = numbers(rank, 1001);
await workers.allReduce(rounded, { precision: "bfloat16" });
const exact = fixedSum(
  Array.from({ length: size }, (_, r) => numbers(r, 1001)),
);
exact.forEach((value, i) => {
  // Each number and the sum are rounded to 8 bits: half a unit of each.
  const sizes = Array.from(
    { length: size },
    (_, r) => Math.abs(numbers(r, 1001)[i]!),
  );
  const bound = (sizes.reduce((a, b) => a + b) * 1.01 + Math.abs(value)) / 256;
  assert.ok(Math.abs(rounded[i]! - value) <= bound, `${i}`);
});
// What all got is the same on each.
const all = await workers.allGather(bytesOf(rounded));
for (const other of all) assert.deepEqual(floatsOf(other), rounded);

// Parts of unlike length, an empty one among them.
const parts = await workers.allGather(new Uint8Array(rank).fill(rank));
assert.deepEqual(
  parts,
  Array.from({ length: size }, (_, r) => new Uint8Array(r).fill(r)),
);

const message = {
  op: "sum",
  about: { names: ["é", "b"] },
  arrays: [Float32Array.of(1.5, 2), new Int32Array(0), Uint8Array.of(7)],
};
if (rank === 0) {
  await new Promise((resume) => setTimeout(resume, 50));
  await tell(workers, message);
} else assert.deepEqual(await hear(workers), message);

await workers.barrier();
await workers.close();
if (rank === 0) console.log(`${size} workers: ${workers.carrier}`);
