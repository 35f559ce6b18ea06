import assert from "node:assert/strict";
import { openSuite, openTask } from "../../lib/data/mod.ts";
import { bytesOf } from "../data/benchmarks/_files.ts";
import { inTempFolder } from "../data/_folders.ts";
import { serveDatasets } from "../data/_hub.ts";
import { ROOT } from "../_paths.ts";
import { isUserError, type Outcome, tdro } from "./_capture.ts";

/** Runs a command line with a hub that has two sets of BEIR and two languages. */
async function withHub(
  body: (
    folder: string,
    run: (...args: string[]) => Promise<Outcome>,
  ) => Promise<void>,
): Promise<void> {
  const published: Record<string, Record<string, Uint8Array>> = {};
  const put = (id: string, name: string, content: string | object[]) =>
    (published[id] ??= {})[name] = bytesOf(name, content as string);
  for (const set of ["scifact", "nfcorpus"]) {
    put(`BeIR/${set}`, "corpus.jsonl.gz", [{ _id: "d", text: set }]);
    put(`BeIR/${set}`, "queries.jsonl.gz", [{ _id: "q", text: `${set}?` }]);
    put(
      `BeIR/${set}-qrels`,
      "test.tsv",
      "query-id\tcorpus-id\tscore\nq\td\t1\n",
    );
  }
  for (const tag of ["sw", "yo"]) {
    const name = (kind: string) =>
      `miracl-v1.0-${tag}/${kind}/${kind}.miracl-v1.0-${tag}-dev.tsv`;
    put("miracl/miracl", name("topics"), "1\tnini?\n");
    put("miracl/miracl", name("qrels"), "1\tQ0\td#0\t1\n");
    put("miracl/miracl-corpus", `miracl-corpus-v1.0-${tag}/docs-0.jsonl.gz`, [
      { docid: "d#0", title: tag, text: "hiki" },
    ]);
  }
  await using hub = serveDatasets(published);
  const before = Deno.env.get("HF_ENDPOINT");
  Deno.env.set("HF_ENDPOINT", hub.url);
  try {
    await inTempFolder((folder) =>
      body(
        folder,
        (...args) =>
          tdro("data", "pull", ...args, "--files", `${folder}/files`),
      )
    );
  } finally {
    if (before === undefined) Deno.env.delete("HF_ENDPOINT");
    else Deno.env.set("HF_ENDPOINT", before);
  }
}

Deno.test("data pull makes suites of sets, and leaves alone what is there", async () => {
  await withHub(async (folder, run) => {
    const names = ["beir/scifact", "beir/nfcorpus"];
    const out = `${folder}/data`;
    const done = await run(...names, "--out", out);
    assert.equal(done.code, 0, done.err);
    assert.match(
      done.out,
      /^beir\/scifact: 1 passages, 1 queries in .*beir\/scifact; licence: cc-by-sa/,
    );
    const suite = await openSuite(`${out}/beir`);
    assert.deepEqual(suite.tasks.map(({ name }) => name).sort(), [
      "nfcorpus",
      "scifact",
    ]);
    const again = await run(...names, "--out", out);
    assert.equal(again.code, 0);
    assert.match(again.err, /beir\/scifact: already pulled with the same/);
    assert.equal(again.out, done.out);
    // Without a record nobody knows what lies there.
    await Deno.remove(`${out}/beir/scifact/source.json`);
    const unknown = await run(...names, "--out", out);
    assert.match(unknown.err, /beir\/scifact: .* is there already/);
    assert.doesNotMatch(unknown.out, /scifact/);
    const forced = await run(...names, "--out", out, "--force", "--json");
    assert.deepEqual(
      JSON.parse(forced.out).map((made: { name: string }) => made.name),
      names,
    );
  });
});

Deno.test("data pull writes one set into the folder named, languages of a family below", async () => {
  await withHub(async (folder, run) => {
    const one = await run("beir/scifact", "--out", `${folder}/mine`);
    assert.equal(one.code, 0, one.err);
    await Deno.stat(`${folder}/mine/source.json`);
    const again = await run("beir/scifact", "--out", `${folder}/mine`);
    assert.equal(again.code, 0, again.err);
    assert.equal(again.out, one.out);
    for (
      const [args, difference] of [
        [["beir/scifact", "--limit", "7"], /\(limit is 7, was 5000001\)/],
        [["beir/nfcorpus"], /\(name is beir\/nfcorpus, was beir\/scifact\)/],
      ] as const
    ) {
      const refused = await run(...args, "--out", `${folder}/mine`);
      assert.ok(isUserError(refused), refused.err);
      assert.match(refused.err, difference);
      assert.match(refused.err, /--force/);
    }
    await Deno.remove(`${folder}/mine/source.json`);
    const unknown = await run("beir/scifact", "--out", `${folder}/mine`);
    assert.ok(isUserError(unknown) && /--force/.test(unknown.err));
    // The suite that both come to lie in has a list: only what is a task joins it.
    await Deno.mkdir(`${folder}/data`);
    const list = `${folder}/data/suite.json`;
    await Deno.writeTextFile(list, '{"name": "all", "tasks": ["other"]}');
    const joined = await run("beir/scifact", "--out", `${folder}/data/facts`);
    assert.match(joined.err, /suite\.json: .*facts is now among its tasks$/m);
    const { tasks } = JSON.parse(await Deno.readTextFile(list));
    const two = await run(
      "miracl",
      "--language",
      "sw,yo",
      "--out",
      `${folder}/data`,
    );
    assert.equal(two.code, 0, two.err);
    for (const tag of ["sw", "yo"]) {
      await Deno.stat(`${folder}/data/miracl/${tag}/qrels/dev.tsv`);
    }
    assert.deepEqual(JSON.parse(await Deno.readTextFile(list)).tasks, tasks);
    const { name } = await openTask(`${folder}/data/facts`);
    assert.deepEqual(tasks, ["other", name]);
  });
});

Deno.test("data pull says what is wrong in one line", async () => {
  await withHub(async (folder, run) => {
    for (
      const [args, message] of [
        [["beir/scifct"], /nearest are beir\/scifact/],
        [["miracl", "--language", "xx"], /--language must be among ar, /],
        [
          ["beir/nq"],
          /no such data set.*or put corpus\.jsonl\.gz, .*run this again/,
        ],
      ] as const
    ) {
      const outcome = await run(...args, "--out", `${folder}/x`);
      assert.ok(isUserError(outcome), JSON.stringify(outcome));
      assert.match(outcome.err, message);
    }
  });
});

Deno.test("data list shows the catalogue, a family, a language, a set", async () => {
  const list = async (...args: string[]) =>
    (await tdro("data", "list", ...args)).out;
  assert.match(
    await list(),
    /tdro\/agnews[\s\S]*miracl\/yo[\s\S]*data sets; tdro data list NAME/,
  );
  const rows = async (...args: string[]): Promise<{ name: string }[]> =>
    JSON.parse(await list(...args, "--json"));
  assert.equal((await rows("--kind", "training")).length, 25);
  assert.deepEqual(
    (await rows("--language", "yo")).map(({ name }) => name),
    ["miracl/yo"],
  );
  assert.equal((await rows("nanobeir")).length, 13);
  assert.deepEqual(
    (await rows("--kind", "benchmark", "--language", "zh-cn"))
      .map(({ name }) => name),
    ["mkqa"],
  );
  const one = await list("beir/scifact");
  assert.match(one, /source +BeIR\/scifact: corpus\.jsonl\.gz/);
  assert.match(one, /prompt +Given a scientific claim/);
  const none = await tdro("data", "list", "--language", "xx");
  assert.ok(isUserError(none) && /languages are ar, /.test(none.err));
});

Deno.test("data pull tells a missing permission from a missing network", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "lib/cli/mod.ts",
      "data",
      "pull",
      "beir/scifact",
    ],
    cwd: ROOT,
  }).output();
  assert.equal(code, 2);
  assert.match(
    new TextDecoder().decode(stderr),
    /^error: Cannot pull BeIR\/scifact: Deno may not ask [^\n]*run it with --allow-net; or put [^\n]*\n$/,
  );
});
