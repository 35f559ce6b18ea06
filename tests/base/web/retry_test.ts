import assert from "node:assert/strict";
import fc from "fast-check";
import { retrying } from "../../../lib/base/web/retry.ts";
import { retryAfter } from "../../../lib/base/web/status_fault.ts";
import { WebFault } from "../../../lib/base/web/web_fault.ts";
import { testClock } from "../../_test_clock.ts";

/** The waits of some work that fails each time. */
async function waits(
  fault: WebFault,
  { retries, random }: { retries?: number; random: number },
): Promise<{ waited: number[]; error: unknown }> {
  const waited: number[] = [];
  const error = await retrying(() => Promise.reject(fault), {
    retries,
    random: () => random,
    wait: (ms) => {
      waited.push(ms);
      return Promise.resolve();
    },
  }).catch((reason) => reason);
  return { waited, error };
}

Deno.test("retrying() waits longer each time, between half and all of it", async () => {
  const fault = new WebFault("tired", { passing: true });
  const { waited, error } = await waits(fault, { random: 0 });
  assert.deepEqual(waited, [250, 500, 1000, 2000]);
  assert.equal(error, fault);
  const many = await waits(fault, { retries: 9, random: 1 });
  assert.deepEqual(many.waited, [
    500,
    1000,
    2000,
    4000,
    8000,
    16_000,
    30_000,
    30_000,
    30_000,
  ]);
});

Deno.test("retrying() obeys a server that names a time, up to five minutes", async () => {
  await fc.assert(fc.asyncProperty(
    fc.nat(1_000_000),
    fc.double({ min: 0, max: 1, noNaN: true }),
    async (waitMs, random) => {
      const fault = new WebFault("tired", { passing: true, waitMs });
      const { waited, error } = await waits(fault, { retries: 3, random });
      if (waitMs > 300_000) {
        assert.deepEqual(waited, []);
        assert.match(
          (error as WebFault).message,
          /^tired and asks to wait \d+ m/,
        );
      } else {
        assert.equal(waited.length, 3);
        assert.ok(waited.every((ms) => ms >= waitMs && ms <= 300_000));
      }
    },
  ));
});

Deno.test("retrying() tries nothing again that won't pass", async () => {
  for (const fault of [new WebFault("gone"), new RangeError("a bug")]) {
    const work = retrying(() => Promise.reject(fault), {
      wait: () => assert.fail("it waits"),
    });
    await assert.rejects(work, (error) => error === fault);
  }
});

Deno.test("retrying() stops waiting when it is told to", async () => {
  using clock = testClock();
  const stop = new AbortController();
  const reason = new Error("enough");
  const work = retrying(
    () => Promise.reject(new WebFault("tired", { passing: true })),
    { signal: stop.signal },
  );
  const stopped = assert.rejects(work, (error) => error === reason);
  await clock.tickAsync(100);
  stop.abort(reason);
  await stopped;
  assert.equal(clock.countTimers(), 0);
});

Deno.test("retryAfter() reads seconds and dates, by the server's clock", () => {
  const read = (value: string, date = "Mon, 30 Nov 2026 10:00:00 GMT") =>
    retryAfter(new Headers({ "retry-after": value, date }));
  assert.equal(read("0"), 0);
  assert.equal(read(" 120 "), 120_000);
  assert.equal(read("Mon, 30 Nov 2026 10:01:00 GMT"), 60_000);
  assert.equal(read("Mon, 30 Nov 2026 09:59:00 GMT"), undefined);
  for (const value of ["", "soon", "-1", "1.5", "1e9", "0x10"]) {
    assert.equal(read(value), undefined, value);
  }
  assert.equal(retryAfter(new Headers()), undefined);
});
