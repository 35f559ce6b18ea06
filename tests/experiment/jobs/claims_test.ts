import assert from "node:assert/strict";
import { Claims, isTaken } from "../../../lib/experiment/jobs/claims.ts";
import { fromFileUrl } from "../../_paths.ts";
import { inTempFolder } from "../../_temp_folder.ts";

/** Seconds between signs of life. */
const BEAT = 0.02;
const pause = (beats: number) =>
  new Promise((done) => setTimeout(done, 1000 * BEAT * beats));

/** Takes a job, as often as it is refused, for so many beats. */
async function within(beats: number, claims: Claims) {
  const end = performance.now() + 1000 * BEAT * beats;
  while (true) {
    const claim = await claims.take(7);
    if (isTaken(claim) || performance.now() > end) return claim;
    await pause(0.5);
  }
}

Deno.test("one of many gets a job; given back, the next one", () =>
  inTempFolder(async (folder) => {
    const workers = Array.from(
      { length: 8 },
      () => new Claims(folder, { beat: BEAT }),
    );
    const asked = await Promise.all(workers.map((claims) => claims.take(7)));
    const [first, ...more] = asked.filter(isTaken);
    assert.equal(more.length, 0);
    assert.equal(first!.generation, 1);
    // It lives, however long that lasts.
    const other = await within(40, workers[0]!);
    assert.ok(!isTaken(other));
    assert.match(other.who, RegExp(`^process ${Deno.pid} on \\S+, since`));
    assert.ok(await first!.holds());
    await first![Symbol.asyncDispose]();
    const next = await workers[1]!.take(7);
    assert.ok(isTaken(next));
    assert.equal(next.generation, 2);
    await next.done();
    assert.deepEqual([...Deno.readDirSync(`${folder}/claims`)], []);
  }));

Deno.test({
  name: "a killed process loses its job in two beats",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inTempFolder(async (folder) => {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-all", "--no-check"].concat(
          fromFileUrl(new URL("_hold_claim.ts", import.meta.url)),
          [folder, "1"],
        ),
        stdout: "piped",
      }).spawn();
      const out = child.stdout.getReader();
      await out.read(); // it has the job
      const claims = new Claims(folder, { beat: BEAT });
      assert.ok(!isTaken(await claims.take(7)));
      child.kill("SIGKILL");
      await child.status;
      await out.cancel();
      // It beats once a second: not before two of these are over.
      const start = performance.now();
      await using claim = await within(1000, claims) as AsyncDisposable & {
        generation: number;
      };
      assert.equal(claim.generation, 2);
      const waited = (performance.now() - start) / 1000;
      assert.ok(waited >= 1.9, `${waited} s`);
    }),
});

Deno.test("one on another machine loses it when its file stops growing", () =>
  inTempFolder(async (folder) => {
    await Deno.mkdir(`${folder}/claims`);
    const owner = { pid: 1, host: "elsewhere", started: "then", beat: BEAT };
    const file = `${folder}/claims/7.3`;
    await Deno.writeTextFile(file, `${JSON.stringify(owner)}\n`);
    const claims = new Claims(folder, { beat: BEAT });
    assert.ok(!isTaken(await within(20, claims)));
    await Deno.writeTextFile(file, ".", { append: true });
    assert.ok(!isTaken(await within(20, claims)));
    const claim = await within(1000, claims);
    assert.ok(isTaken(claim));
    assert.equal(claim.generation, 4);
    await claim[Symbol.asyncDispose]();
    // One that wrote nothing yet counts as one on another machine.
    await Deno.writeTextFile(`${folder}/claims/8.1`, "");
    assert.ok(!isTaken(await claims.take(8)));
  }));

Deno.test("an owner that was only slow is told that another has its job", () =>
  inTempFolder(async (folder) => {
    const slow = await new Claims(folder, { beat: 1000 }).take(7);
    assert.ok(isTaken(slow));
    await Deno.writeTextFile(`${folder}/claims/7.2`, "");
    assert.equal(slow.lost.aborted, false);
    assert.equal(await slow.holds(), false);
    assert.match(slow.lost.reason.message, /another worker took it over/);
    await slow[Symbol.asyncDispose]();
  }));
