import assert from "node:assert/strict";
import { join } from "node:path";
import { partialFolder } from "../../../lib/base/files/partial_folder.ts";
import { writeFolder } from "../../../lib/base/files/write_folder.ts";
import { writeWhole } from "../../../lib/base/files/write_whole.ts";
import { inTempFolder } from "../../_temp_folder.ts";

const names = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("writing a file removes what a killed process left of it, and no other", () =>
  inTempFolder(async (folder) => {
    const dead = ["a.json", ".a.json"].map((name) =>
      `${name}.0123abcd.partial`
    );
    const others = [".b.json.0123abcd.partial", "a.json.notours.partial"];
    for (const name of [...dead, ...others]) {
      await Deno.writeTextFile(join(folder, name), "half");
    }
    await writeWhole(join(folder, "a.json"), "{}");
    assert.deepEqual(names(folder), [...others, "a.json"].sort());
  }));

Deno.test("two writers of one file don't take each other's for left over", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.txt");
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const slow = writeWhole(
      path,
      (async function* () {
        yield "slow";
        await gate;
      })(),
    );
    while (names(folder).length === 0) await new Promise(setImmediate);
    await writeWhole(path, "quick");
    assert.equal(await Deno.readTextFile(path), "quick");
    open();
    await slow;
    assert.equal(await Deno.readTextFile(path), "slow");
    assert.deepEqual(names(folder), ["a.txt"]);
  }));

Deno.test("a folder that was being replaced when the process was killed comes back", () =>
  inTempFolder(async (folder) => {
    const target = join(folder, "suite");
    // Killed between giving the old one another name and the new one its own.
    await Deno.mkdir(join(folder, ".suite.0123abcd.old"));
    await Deno.writeTextFile(join(folder, ".suite.0123abcd.old/a"), "old");
    await Deno.mkdir(join(folder, ".suite.4567cdef.partial"));
    await assert.rejects(
      writeFolder(target, {
        overwrite: false,
        what: "a suite",
        fill: () => Promise.resolve(),
      }),
      /the folder is there already/,
    );
    assert.equal(await Deno.readTextFile(join(target, "a")), "old");
    assert.deepEqual(names(folder), ["suite"]);
  }));

Deno.test("a folder that another process is filling is left alone", () =>
  inTempFolder(async (folder) => {
    const target = join(folder, "suite");
    await using filling = await partialFolder(target);
    await Deno.writeTextFile(join(filling.path, "a"), "first");
    await writeFolder(target, {
      overwrite: true,
      what: "a suite",
      fill: (path) => Deno.writeTextFile(join(path, "a"), "second"),
    });
    assert.equal(await Deno.readTextFile(join(target, "a")), "second");
    await filling.finish({ replace: true });
    assert.equal(await Deno.readTextFile(join(target, "a")), "first");
    assert.deepEqual(names(folder), ["suite"]);
  }));
