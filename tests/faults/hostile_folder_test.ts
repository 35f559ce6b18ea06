/**
 * Folders that came from elsewhere, or aren't what they are taken for: nothing is
 * written through their links, nothing waits for their pipes, and what others put
 * there isn't removed.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { writeSuite } from "../../lib/data/mod.ts";
import { download } from "../../lib/base/download.ts";
import { isUserError, tdro } from "../cli/_capture.ts";
import { serveFiles } from "../data/_file_server.ts";
import { toySuite } from "../_toy_suite.ts";
import { inTempFolder } from "../_temp_folder.ts";

const ignore = Deno.build.os === "windows";

/** Runs a program of the system. */
async function sh(script: string, cwd: string): Promise<void> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", script],
    cwd,
  }).output();
  assert.ok(success, script);
}

const SIZES =
  "--hidden-size 8 --vocab-size 120 --batch-size 6 --steps 2 --no-evaluate"
    .split(" ");

Deno.test("--force replaces no folder that holds something else", () =>
  inTempFolder(async (folder) => {
    const thesis = join(folder, "mine", "thesis.txt");
    await Deno.mkdir(join(folder, "mine"));
    await Deno.writeTextFile(thesis, "years of work");
    await Deno.writeTextFile(
      join(folder, "pairs.csv"),
      "question,answer\na,b\n",
    );
    const outcome = await tdro(
      ...["data", "import", join(folder, "pairs.csv"), "--force"],
      ...["--out", join(folder, "mine")],
    );
    assert.ok(isUserError(outcome), outcome.err);
    assert.match(outcome.err, /holds files, but no task\.json/);
    await assert.rejects(
      writeSuite(toySuite(), join(folder, "mine"), { overwrite: true }),
      { name: "RangeError", message: /holds files, but no task\.json/ },
    );
    assert.equal(await Deno.readTextFile(thesis), "years of work");
    assert.deepEqual(
      [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
      ["mine", "pairs.csv"],
    );
  }));

Deno.test({
  name: "nothing is written through a link",
  ignore,
  fn: () =>
    inTempFolder(async (folder) => {
      const victim = join(folder, "victim");
      await Deno.writeTextFile(victim, "mine");
      await writeSuite(toySuite(), join(folder, "suite"));
      const words = [
        ...["train", "--suite", join(folder, "suite"), "--backend", "wasm"],
        ...SIZES,
      ];
      for (const name of [".lock", "metrics.jsonl"]) {
        const out = join(folder, name.replace(".", ""));
        await Deno.mkdir(out);
        await Deno.symlink(victim, join(out, name));
        const outcome = await tdro(...words, "--out", out);
        assert.equal(await Deno.readTextFile(victim), "mine", name);
        assert.ok(outcome.code === 0 || outcome.code === 2, outcome.err);
      }
      await using server = serveFiles({ "/file": "from elsewhere" });
      for (const ending of [".part", ".part.etag", ".part.lock"]) {
        const path = join(folder, `file${ending.replaceAll(".", "-")}`);
        await Deno.symlink(victim, path + ending);
        await download(`${server.url}/file`, path, {}).catch(() => {});
        assert.equal(await Deno.readTextFile(victim), "mine", ending);
      }
    }),
});

Deno.test({
  name: "nothing waits for a pipe, or reads a device for ever",
  ignore,
  fn: () =>
    inTempFolder(async (folder) => {
      await writeSuite(toySuite(), join(folder, "suite"));
      await sh(
        "mkfifo pipe; mkfifo pipe.parquet; mkfifo pipe.csv; rm suite/shades/corpus.jsonl; mkfifo suite/shades/corpus.jsonl",
        folder,
      );
      const pipe = join(folder, "pipe");
      for (
        const words of [
          ["data", "check", join(folder, "suite")],
          ["data", "import", `${pipe}.parquet`, "--out", join(folder, "a")],
          ["data", "import", `${pipe}.csv`, "--out", join(folder, "a")],
          ["train", "--config", pipe],
          ["weights", "show", pipe],
          ["weights", "show", "/dev/zero"],
          ["eval", "diff", pipe, pipe],
          ["score", "--qrels", pipe, "--run", pipe],
          ["model", "info", pipe],
        ]
      ) {
        const outcome = await tdro(...words);
        assert.ok(isUserError(outcome), `${words}: ${outcome.err}`);
        assert.match(outcome.err, /it isn't a file\n$|\(ENOTDIR\)/);
      }
    }),
});

Deno.test({
  name: "a folder whose name isn't UTF-8 hides no runs beside it",
  // Other systems refuse such names.
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inTempFolder(async (folder) => {
      await sh(`mkdir "$(printf 'r\\377')"`, folder);
      const { code, err } = await tdro("runs", folder);
      assert.doesNotMatch(err, /no such folder/);
      assert.notEqual(code, 1, err);
    }),
});
