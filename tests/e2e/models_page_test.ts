import assert from "node:assert/strict";
import { MODEL_TYPES } from "../../lib/model/config/families.ts";
import { ROOT } from "../_paths.ts";

const page = await Deno.readTextFile(`${ROOT}docs/models.md`);

/** Cells of the rows of the table under a heading. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(`## ${heading}\n`)[1]!.split("\n## ")[0]!;
  return section.split("\n").filter((line) => line.startsWith("|")).slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

const code = (cell: string) => cell.replaceAll("`", "");

Deno.test("docs/models.md has every family, and no other", () => {
  const told = rowsUnder("Families").map(([type]) => code(type!));
  assert.deepEqual(told.toSorted(), MODEL_TYPES.toSorted());
});

Deno.test("docs/models.md: what works is of a family that we have", () => {
  const rows = rowsUnder("The most used embedding models");
  assert.ok(rows.length >= 60, `${rows.length} models`);
  const names = rows.map(([name]) => name);
  assert.equal(new Set(names).size, names.length, "a model is there twice");
  for (const [name, type, state, why] of rows) {
    assert.match(name!, /^[\w-]+\/[\w.-]+$/);
    assert.match(state!, /^(works|refused)$/, name);
    assert.ok(why!.length > 2, name);
    if (state === "works") assert.ok(MODEL_TYPES.includes(code(type!)), name);
  }
});
