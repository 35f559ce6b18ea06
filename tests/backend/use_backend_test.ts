import assert from "node:assert/strict";
import { doctor, useBackend } from "../../lib/backend/mod.ts";
import { onBackends } from "../_backends.ts";

onBackends("useBackend() takes the named backend and says so", async (name) => {
  const backend = await useBackend(name);
  assert.equal(backend.name, name);
  assert.ok(["cpu", "gpu"].includes(backend.device));
});

Deno.test("useBackend(auto) follows TDRO_BACKEND", async () => {
  Deno.env.set("TDRO_BACKEND", "cpu");
  try {
    assert.equal((await useBackend()).name, "cpu");
  } finally {
    Deno.env.delete("TDRO_BACKEND");
  }
});

Deno.test("useBackend() never takes another one than the named", async () => {
  await assert.rejects(useBackend("cuda" as never), {
    name: "RangeError",
    message: /Cannot use backend "cuda": expected auto, tensorflow/,
  });
  const cache = Deno.env.get("TDRO_CACHE");
  Deno.env.set("TDRO_CACHE", "no/such/folder");
  try {
    await assert.rejects(
      useBackend("tensorflow"),
      /it is not set up; run "deno task setup"/,
    );
  } finally {
    if (cache) Deno.env.set("TDRO_CACHE", cache);
    else Deno.env.delete("TDRO_CACHE");
  }
});

Deno.test("requireGpu throws on a CPU, with the mend", async () => {
  await assert.rejects(useBackend("wasm", { requireGpu: true }), {
    name: "RangeError",
    message: /Cannot use a GPU: the wasm backend .*setup --cuda/,
  });
});

Deno.test("doctor() reports each backend and leaves the best one active", async () => {
  const { rows, versions, memory } = await doctor();
  assert.deepEqual(rows.map((r) => r.backend), [
    ...["tensorflow", "webgpu", "wasm", "cpu"],
  ]);
  assert.equal(rows.filter((r) => r.chosen).length, 1);
  for (const row of rows) {
    if (row.usable) assert.match(row.gradient, /^ok/);
    else assert.notEqual(row.note, "");
  }
  assert.equal(versions.deno, Deno.version.deno);
  assert.ok(memory.total! > memory.free!);
});
