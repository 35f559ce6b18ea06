import assert from "node:assert/strict";
import fc from "fast-check";
import { fixedSum, soloWorkers } from "../../lib/workers/mod.ts";
import { fromBfloat16, toBfloat16 } from "../../lib/workers/bfloat16.ts";
import { openLibrary } from "../../lib/workers/mpi/mpi_library.ts";
import { outerLauncher } from "../../lib/workers/launch/outer_launcher.ts";

const row = fc.float32Array({ minLength: 3, maxLength: 3, noNaN: true });

Deno.test("fixedSum() gives the same bits when blocks are summed first", () => {
  fc.assert(fc.property(
    fc.array(row, { minLength: 8, maxLength: 8 }),
    fc.constantFrom(1, 2, 4, 8),
    (rows, workers) => {
      const copy = () => rows.map((each) => each.slice());
      const blocks = Array.from(
        { length: workers },
        (_, r) =>
          fixedSum(copy().slice(r * 8 / workers, (r + 1) * 8 / workers)),
      );
      assert.deepEqual(fixedSum(blocks), fixedSum(copy()));
    },
  ));
});

Deno.test("bfloat16 is within half a unit of what it rounds, and keeps its own", () => {
  fc.assert(fc.property(row, (values) => {
    const once = new Float32Array(3);
    fromBfloat16(toBfloat16(values), once);
    const twice = new Float32Array(3);
    fromBfloat16(toBfloat16(once), twice);
    assert.deepEqual(twice, once);
    once.forEach((got, i) => {
      const value = values[i]!;
      if (!Number.isFinite(got)) return assert.ok(Math.abs(value) > 3.38e38);
      // 8 significant bits; below the normal numbers units of 2^-133.
      const unit = Math.max(Math.abs(value) * 2 ** -8, 2 ** -134);
      assert.ok(Math.abs(got - value) <= unit, `${value} became ${got}`);
    });
  }));
  const nan = new Float32Array(1);
  fromBfloat16(toBfloat16(Float32Array.of(NaN)), nan);
  assert.ok(Number.isNaN(nan[0]));
});

Deno.test("one worker alone gives back what it got", async () => {
  const workers = soloWorkers();
  const values = Float32Array.of(1, 2);
  await workers.allReduce(values);
  await workers.broadcast(new Uint8Array(1));
  assert.deepEqual(values, Float32Array.of(1, 2));
});

Deno.test("a library that isn't MPI's standard ABI is refused in a line", () => {
  for (const name of ["libc.so.6", "/no/such/library.so"]) {
    withEnv(
      { TDRO_MPI: name },
      () =>
        assert.throws(openLibrary, (error: Error) => {
          assert.ok(error instanceof RangeError);
          assert.match(
            error.message,
            /^Cannot start workers: TDRO_MPI must name an MPI library with the standard ABI: got .*; run tdro setup --mpi, or name/,
          );
          return !error.message.includes("\n");
        }),
    );
  }
});

Deno.test("launchers are found by the variables of rank and size", () => {
  const found = (variables: Record<string, string>) =>
    withEnv(variables, outerLauncher);
  assert.equal(found({}), undefined);
  assert.equal(found({ PMI_RANK: "0", PMI_SIZE: "1" }), undefined);
  assert.deepEqual(
    found({ OMPI_COMM_WORLD_RANK: "2", OMPI_COMM_WORLD_SIZE: "4" }),
    { rank: 2, size: 4, ours: false },
  );
  assert.deepEqual(
    found({ PMI_RANK: "1", PMI_SIZE: "2", TDRO_WORKER_PARENT: "{}" }),
    { rank: 1, size: 2, ours: true },
  );
  // Slurm counts tasks also where no MPI was asked for.
  assert.equal(found({ SLURM_PROCID: "1", SLURM_NTASKS: "2" }), undefined);
});

/** Does some work under other environment variables. */
function withEnv<T>(changed: Record<string, string>, work: () => T): T {
  for (const [key, value] of Object.entries(changed)) Deno.env.set(key, value);
  try {
    return work();
  } finally {
    for (const key of Object.keys(changed)) Deno.env.delete(key);
  }
}
