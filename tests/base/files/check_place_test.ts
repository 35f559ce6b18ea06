import assert from "node:assert/strict";
import { checkFolder } from "../../../lib/base/files/check_folder.ts";
import { checkSpace } from "../../../lib/base/files/check_space.ts";
import { tempFolder } from "../../_temp_folder.ts";

Deno.test("checkSpace() refuses what can't fit, also in a folder to come", async () => {
  const folder = `${await tempFolder()}/a/b`;
  await checkSpace(folder, 1);
  await assert.rejects(
    checkSpace(folder, 1e18),
    /Cannot write to .*a\/b: about 1000000000\.0 GB are needed, and [\d.]+ [MG]B are free there/,
  );
});

Deno.test("checkFolder() tells what can't be written to, and leaves nothing", async () => {
  const folder = await tempFolder();
  await checkFolder(`${folder}/a/b`);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  await Deno.writeTextFile(`${folder}/file`, "");
  await assert.rejects(
    checkFolder(`${folder}/file/a`),
    (error: Error) => error.message.endsWith(`writefile '${folder}/file/a'`),
  );
});
