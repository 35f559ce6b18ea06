import assert from "node:assert/strict";
import {
  binary,
  columnFromArray,
  decimal,
  dictionary,
  list,
  struct,
  tableFromColumns,
  tableToIPC,
  timestamp,
  uint64,
  utf8,
} from "@uwdata/flechette";
import { openTable } from "../../../lib/data/mod.ts";
import { shared, withShared } from "../../_shared.ts";
import { inTempFolder, writeFiles } from "../_folders.ts";

function arrow(format: "stream" | "file"): Uint8Array {
  const columns = {
    text: columnFromArray(["é", null], utf8()),
    bytes: columnFromArray([new TextEncoder().encode("ü"), null], binary()),
    id: columnFromArray([2n ** 64n - 1n, null], uint64()),
    price: columnFromArray([1.5, null], decimal(9, 2, 128)),
    word: columnFromArray(["x", null], dictionary(utf8())),
    day: columnFromArray([new Date(0), null], timestamp()),
    list: columnFromArray([["a", "b"], null], list(utf8())),
    held: columnFromArray(
      [{ n: [1.25] }, null],
      struct({ n: list(decimal(5, 2, 128)) }),
    ),
  };
  return tableToIPC(tableFromColumns(columns), { format })!;
}

for (const format of ["stream", "file"] as const) {
  Deno.test(`Arrow in the form of a ${format}: texts, numbers as written, lists`, () =>
    inTempFolder(async (folder) => {
      await writeFiles(folder, { "a.arrow": arrow(format) });
      const table = await openTable(`${folder}/a.arrow`);
      const rows = await Array.fromAsync(table.rows());
      assert.deepEqual(rows[0]!.cells, {
        text: "é",
        bytes: "ü",
        id: 2n ** 64n - 1n,
        price: "1.50",
        word: "x",
        day: new Date(0),
        list: ["a", "b"],
        held: { n: ["1.25"] },
      });
      assert.deepEqual(Object.values(rows[1]!.cells), Array(8).fill(null));
      const some = await Array.fromAsync(table.rows(["word"]));
      assert.deepEqual(some.map(({ cells }) => cells), [{ word: "x" }, {
        word: null,
      }]);
    }));
}

for (const format of ["stream", "file"] as const) {
  Deno.test(`Arrow in the form of a ${format} with a wrong length anywhere is read, or refused in a line`, () =>
    inTempFolder(async (folder) => {
      const whole = arrow(format);
      // Such a length once filled the memory; -16 goes back to what was read.
      for (const length of [0x7fffffff, 0x00ffffff, -16]) {
        for (let at = 0; at + 4 <= whole.length; at += 4) {
          const bytes = whole.slice();
          new DataView(bytes.buffer).setInt32(at, length, true);
          await writeFiles(folder, { "a.arrow": bytes });
          try {
            const table = await openTable(`${folder}/a.arrow`);
            for await (const _ of table.rows());
          } catch (error) {
            assert.ok(error instanceof SyntaxError, `${error}`);
            assert.match(error.message, /^[^\n]*Cannot read [^\n]+$/);
          }
        }
      }
    }));
}

Deno.test("Arrow whose texts aren't UTF-8 is refused", () =>
  inTempFolder(async (folder) => {
    const bytes = arrow("stream");
    const at = bytes.findIndex((byte, i) =>
      byte === 0xC3 && bytes[i + 1] === 0xA9
    );
    bytes[at + 1] = 0x20;
    await writeFiles(folder, { "a.arrow": bytes });
    const table = await openTable(`${folder}/a.arrow`);
    await assert.rejects(Array.fromAsync(table.rows()), {
      name: "SyntaxError",
      message:
        `Cannot read ${folder}/a.arrow as Arrow: texts of column "text" aren't UTF-8`,
    });
  }));

Deno.test("Arrow that is no Arrow is refused in one line", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, { "a.arrow": "plain text, and more of it" });
    await assert.rejects(openTable(`${folder}/a.arrow`), {
      name: "SyntaxError",
      message: /^Cannot read .*a\.arrow as Arrow: [^\n]*$/,
    });
  }));

withShared("k11: a folder of save_to_disk has its rows", async () => {
  const table = await openTable(shared("cases/data/k11_saved"));
  const rows = await Array.fromAsync(table.rows());
  assert.deepEqual(rows.map(({ cells }) => cells), [
    { query: "a b", positive: "e f" },
    { query: "c d", positive: "g h" },
  ]);
});
