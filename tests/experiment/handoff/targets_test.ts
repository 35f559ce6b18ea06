import assert from "node:assert/strict";
import { parse } from "yaml";
import { readTdroJsonl, type Suite } from "../../../lib/data/mod.ts";
import { readWeightFile } from "../../../lib/dro/mod.ts";
import { tempFolder } from "../../_temp_folder.ts";
import { toySuite } from "../../_toy_suite.ts";
import { jsonLines, type SmallRun, smallRun } from "./_handed_off.ts";

/** Names that are no file's, and that are alike once they are one's. */
function named(): Suite {
  const suite = toySuite();
  suite.tasks[0]!.name = "the shades";
  suite.tasks[1]!.name = "the*shades";
  suite.tasks[2]!.name = "classification";
  return suite;
}

let made: Promise<SmallRun> | undefined;
const theRun = () => made ??= smallRun({ steps: 10, weightSteps: 1 }, named());

/** What a script of a project calls, and what it says when it fails. */
async function called(
  folder: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ words: string[]; err: string }> {
  const bin = await tempFolder();
  const program = `${bin}/torchrun`;
  await Deno.writeTextFile(program, `#!/bin/sh\nprintf '%s\\n' "$@"\n`);
  await Deno.chmod(program, 0o755);
  const { stdout, stderr } = await new Deno.Command("bash", {
    args,
    cwd: folder,
    env: { PATH: `${bin}:${Deno.env.get("PATH")}`, ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { words: text(stdout).trimEnd().split("\n"), err: text(stderr) };
}

/** What stands after a flag. */
function after(words: string[], flag: string): string {
  assert.ok(words.includes(flag), `${flag} in ${words.join(" ")}`);
  return words[words.indexOf(flag) + 1]!;
}

const ignore = Deno.build.os === "windows";

Deno.test({
  name: "a project for the tDRO repository keeps its rules",
  ignore,
  async fn() {
    const { handOff } = await theRun();
    const { folder, differences } = await handOff({ to: "tdro" });
    const files = ["the_shades", "the_shades-2", "classification"];
    for (const name of files) {
      const rows = await Array.fromAsync(
        readTdroJsonl(`${folder}/data/${name}.jsonl`, 0),
      );
      assert.equal(rows.length, 1024); // its loader's shards
      assert.ok(rows.every(({ negatives }) => negatives.length > 0));
      assert.match(rows[0]!.query.text, /^Instruct: /);
    }
    const weights = await readWeightFile(`${folder}/config/reweighted.json`);
    assert.deepEqual(weights.names, files);
    assert.deepEqual(weights.sizes, [24, 12, 16]);
    const told = differences.join("\n");
    assert.match(told, /"the\*shades" is the_shades-2/);
    assert.match(told, /no in-batch negatives there: classification/);

    const two = { NPROC: "2" };
    const final = await called(folder, ["train.sh", "2", "--fp16"], two);
    assert.equal(after(final.words, "-m"), "tdro.finetune.fit");
    assert.equal(after(final.words, "--per_device_train_batch_size"), "4");
    assert.equal(
      after(final.words, "--domain_config_path"),
      "config/reweighted.json",
    );
    assert.equal(after(final.words, "--max_steps"), "10");
    assert.ok(final.words.includes("--negatives_x_device"));
    assert.equal(final.words.at(-1), "--fp16");
    const first = await called(folder, ["train.sh", "1"], two);
    assert.equal(after(first.words, "-m"), "tdro.dro.fit");
    assert.equal(after(first.words, "--train_n_passages"), "3");
    assert.equal(after(first.words, "--ref_model_name_or_path"), "out/stage0");
    assert.ok(!first.words.includes("--negatives_x_device")); // fails there
    assert.match(
      (await called(folder, ["train.sh", "2"], { NPROC: "3" })).err,
      /^the batch of 8 queries must be a multiple of the 3 devices$/m,
    );
    assert.match((await called(folder, ["train.sh", "4"])).err, /no stage 4/);
  },
});

Deno.test({
  name: "a project for Automodel has the weights as numbers of rows",
  ignore,
  async fn() {
    const { folder: work, handOff } = await theRun();
    const { folder } = await handOff({ to: "automodel" });
    const recipe = parse(await Deno.readTextFile(`${folder}/recipe.yaml`));
    const { weights } = await readWeightFile(`${work}/run/weights.json`);
    const rows = new Map<string, number>();
    for (const entry of recipe.dataset.data_dir_list) {
      const { path, num_samples } = typeof entry === "string"
        ? { path: entry, num_samples: undefined }
        : entry;
      const all = await jsonLines(`${folder}/${path}`);
      assert.ok(all[0].pos_doc.length > 0 && all[0].neg_doc.length > 0);
      // It draws without replacement: never more than there are.
      assert.ok(num_samples === undefined || num_samples < all.length);
      rows.set(path, (rows.get(path) ?? 0) + (num_samples ?? all.length));
    }
    // 10 updates of 8 queries are two epochs of about 40 rows.
    [...rows.values()].forEach((count, k) =>
      assert.ok(Math.abs(count - 40 * weights[k]!) <= 0.5, `${count}`)
    );
    assert.equal(recipe.model.do_distributed_inbatch_negative, true);
    assert.equal(recipe.model.pooling, "avg");
    assert.equal(recipe.optimizer.lr, 0.01);
    const { words } = await called(folder, ["train.sh"], { NPROC: "4" });
    assert.equal(after(words, "-m"), "nemo_automodel.cli.app");
    assert.equal(after(words, "--step_scheduler.local_batch_size"), "2");
  },
});

Deno.test({
  name: "a project for Tevatron has one file of rows in the weights' ratio",
  ignore,
  async fn() {
    const { folder: work, handOff } = await theRun();
    const file = `${work}/run/weights.json`;
    const { folder } = await handOff({ to: "tevatron", steps: 100 });
    const rows = await Array.fromAsync(
      readTdroJsonl(`${folder}/data/train.jsonl`, 0),
    );
    const { weights } = await readWeightFile(file);
    // 800 queries are 15 epochs of 53 or 54 rows.
    const own = rows.filter(({ query }) => query.id.startsWith("shades-"));
    assert.ok(Math.abs(own.length - 54 * weights[0]!) <= 1, `${own.length}`);
    const { words } = await called(folder, ["train.sh"]);
    assert.equal(after(words, "-m"), "tevatron.retriever.driver.train");
    assert.equal(after(words, "--pooling"), "mean");
    assert.ok(words.includes("--normalize"));
    assert.equal(after(words, "--lr_scheduler_kwargs"), '{"min_lr_rate": 0.1}');
    assert.equal(after(words, "--per_device_train_batch_size"), "1");
  },
});

Deno.test({
  name: "a base model that isn't here is named, and a shell can't run its name",
  ignore,
  async fn() {
    const { handOff } = await theRun();
    const base = "own er/mo'del $(touch x)";
    const { folder, differences } = await handOff({ to: "tevatron", base });
    const { words } = await called(folder, ["train.sh"]);
    assert.equal(after(words, "--model_name_or_path"), base);
    assert.match(differences.join("\n"), /base model isn't on this machine/);
  },
});

Deno.test("a pooling that a trainer lacks is refused", async () => {
  const { folder: work, handOff } = await theRun();
  const copy = `${work}/max`;
  await Deno.mkdir(`${copy}/1_Pooling`, { recursive: true });
  for await (const { name, isFile } of Deno.readDir(`${work}/base`)) {
    if (isFile) await Deno.copyFile(`${work}/base/${name}`, `${copy}/${name}`);
  }
  await Deno.mkdir(`${copy}/2_Normalize`);
  await Deno.writeTextFile(
    `${copy}/1_Pooling/config.json`,
    '{"word_embedding_dimension": 16, "pooling_mode_max_tokens": true}',
  );
  await assert.rejects(
    handOff({ to: "tevatron", base: copy }),
    /Cannot hand over to tevatron: the base model's pooling must be one of mean, cls, lastToken: got max; hand over to sentence-transformers/,
  );
});
