import assert from "node:assert/strict";
import { hasMpi, mpiexec } from "./_mpi.ts";

for (const count of [2, 3]) {
  Deno.test({
    name:
      `${count} processes sum, gather and broadcast over MPI's standard ABI`,
    ignore: !hasMpi,
    async fn() {
      const { code, out, err } = await mpiexec(count, "_collectives.ts");
      assert.equal(code, 0, err);
      assert.match(out, new RegExp(`^${count} workers: MPICH 5\\.\\d`));
    },
  });
}
