import assert from "node:assert/strict";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  disposeEncoder,
  pullModel,
  pushModel,
  type PushModelOptions,
  saveEncoder,
} from "../../../lib/model/mod.ts";
import { captured } from "../../cli/_capture.ts";
import { main } from "../../../lib/cli/main.ts";
import { deadAddress } from "../../data/_file_server.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { serveWritableHub, TOKEN, type WritableHub } from "./_writable_hub.ts";

const ID = "someone/small-model";

async function saveModel(folder: string, card = "# A model\n"): Promise<void> {
  await useBackend("wasm");
  const encoder = smallEncoder();
  await saveEncoder(encoder, folder);
  disposeEncoder(encoder);
  await Deno.writeTextFile(`${folder}/README.md`, card);
  await Deno.writeTextFile(`${folder}/checksums.json`, "{}");
  await Deno.writeTextFile(`${folder}/.lock`, "");
}

async function push(
  folder: string,
  { url }: Pick<WritableHub, "url">,
  options: PushModelOptions = {},
) {
  const work = pushModel(folder, ID, {
    endpoint: url,
    token: TOKEN,
    retries: 0,
    ...options,
  });
  let step = await work.next();
  for (; !step.done; step = await work.next());
  return step.value;
}

async function pull(folder: string, { url }: WritableHub): Promise<void> {
  const options = { endpoint: url, token: TOKEN };
  for await (const _ of pullModel(ID, folder, options));
}

/** Every file in a folder with its bytes, those in folders too. */
async function contents(folder: string, at = ""): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${at}`)) {
    if (isDirectory) found.push(...await contents(folder, `${at}${name}/`));
    else {
      found.push([
        `${at}${name}`,
        (await Deno.readFile(`${folder}/${at}${name}`)).toBase64(),
      ]);
    }
  }
  return found.sort();
}

Deno.test("a model that was pushed comes back, byte for byte", () =>
  inTempFolder(async (folder) => {
    await saveModel(`${folder}/model`);
    await using hub = serveWritableHub();
    const pushed = await push(`${folder}/model`, hub);
    assert.equal(pushed.created, true);
    assert.equal(hub.visibility.get(ID), "private");
    assert.match(pushed.commit!, /^c+1$/);
    await pull(`${folder}/again`, hub);
    const own = ["checksums.json", ".lock", "tdro_source.json"];
    const model = (files: [string, string][]) =>
      files.filter(([path]) => !own.includes(path));
    assert.deepEqual(
      model(await contents(`${folder}/again`)),
      model(await contents(`${folder}/model`)),
    );
    const sent = [...hub.repos.get(ID)!.keys()];
    assert.deepEqual(sent.filter((path) => own.includes(path)), []);
    // The weights go elsewhere, and the token doesn't go with them.
    const stored = hub.requests.filter((line) => line.includes("/store/"));
    assert.equal(stored.length, 1);
    assert.ok(!stored[0]!.includes("token"));
  }));

Deno.test("pushing again sends nothing, or what changed if that is asked for", () =>
  inTempFolder(async (folder) => {
    await saveModel(folder);
    await using hub = serveWritableHub();
    await push(folder, hub);
    const again = await push(folder, hub);
    assert.equal(again.commit, undefined);
    assert.equal(again.created, false);
    assert.equal(hub.commits, 1);
    await Deno.writeTextFile(`${folder}/README.md`, "# Another\n");
    hub.repos.get(ID)!.set("theirs.txt", new Uint8Array([1]));
    await assert.rejects(push(folder, hub), {
      name: "RangeError",
      message:
        `Cannot push to ${ID}: it has another README.md; choose another ` +
        "name, or replace what is there with --force",
    });
    assert.equal(hub.commits, 1);
    const forced = await push(folder, hub, { force: true });
    assert.match(forced.commit!, /^c+2$/);
    const files = hub.repos.get(ID)!;
    assert.equal(
      new TextDecoder().decode(files.get("README.md")),
      "# Another\n",
    );
    assert.ok(files.has("theirs.txt"));
  }));

/** What stands in the way, and what is said of it. */
const REFUSED: readonly [
  string,
  Parameters<typeof serveWritableHub>[0],
  RegExp,
][] = [
  [
    "a token that may only read",
    (_, url) => fault(url, "/api/repos/create", 403),
    /the token may not write there; set HF_TOKEN to one with write access/,
  ],
  [
    "a commit meanwhile",
    (_, url) => fault(url, "/commit/", 409),
    /somebody else has changed the repository meanwhile/,
  ],
  [
    "a store that is full",
    (_, url) => fault(url, "/store/", 507),
    /the hub answers 507/,
  ],
  [
    "a redirect",
    (_, url) =>
      url.pathname.includes("/commit/")
        ? Response.redirect("http://127.0.0.1:9/elsewhere", 307)
        : undefined,
    /the hub redirects the upload; check the name/,
  ],
  [
    "an answer that isn't JSON",
    (_, url) =>
      url.pathname.includes("/preupload/") ? new Response("<p>") : undefined,
    /the hub answers something that isn't what was asked for/,
  ],
];

function fault(url: URL, part: string, status: number): Response | undefined {
  return url.pathname.includes(part)
    ? Response.json({ error: "no\u001b[31m" }, { status })
    : undefined;
}

Deno.test("what stands in a push's way is said in a line", async (t) => {
  for (const [name, spoil, pattern] of REFUSED) {
    await t.step(name, () =>
      inTempFolder(async (folder) => {
        await saveModel(folder);
        await using hub = serveWritableHub(spoil);
        await assert.rejects(push(folder, hub), (error: Error) => {
          assert.equal(error.name, "RangeError", error.stack);
          assert.match(error.message, /^Cannot push to someone\/small-model: /);
          assert.match(error.message, pattern);
          // deno-lint-ignore no-control-regex
          assert.doesNotMatch(error.message, /[\u0000-\u001f]/);
          return true;
        });
        assert.equal(hub.commits, 0);
      }));
  }
});

Deno.test("a hub that keeps other bytes is found out", () =>
  inTempFolder(async (folder) => {
    await saveModel(folder);
    let damaged = false;
    await using hub = serveWritableHub((_, url) => {
      if (hub.commits === 1 && url.pathname.endsWith("/tree/main")) {
        hub.repos.get(ID)!.set("config.json", new Uint8Array(3));
        damaged = true;
      }
      return undefined;
    });
    await assert.rejects(
      push(folder, hub),
      /the hub lists config\.json with another hash than it was sent with/,
    );
    assert.ok(damaged);
  }));

Deno.test("model push tells what is missing before it asks anybody", () =>
  inTempFolder(async (folder) => {
    await saveModel(`${folder}/model`);
    await using hub = serveWritableHub();
    await assert.rejects(
      push(`${folder}/model`, hub, { token: "" }),
      /HF_TOKEN must be set to a token that may write there/,
    );
    await assert.rejects(push(`${folder}/none`, hub), Deno.errors.NotFound);
    assert.deepEqual(hub.requests, []);
    await assert.rejects(
      push(`${folder}/model`, { url: deadAddress() }),
      /can't be reached \(.*\); try again later/,
    );
  }));

Deno.test("tdro model push says what it did", () =>
  inTempFolder(async (folder) => {
    await saveModel(`${folder}/run/models/retriever`);
    await using hub = serveWritableHub();
    Deno.env.set("HF_ENDPOINT", hub.url);
    Deno.env.set("HF_TOKEN", TOKEN);
    try {
      const io = captured();
      const args = ["model", "push", `${folder}/run`, ID, "--public"];
      assert.equal(await main(args, io), 0, io.complaints);
      assert.match(
        io.printed,
        /someone\/small-model \(new, public\): \d+ files, commit c+1\n$/,
      );
      assert.equal(hub.visibility.get(ID), "public");
      const again = captured();
      assert.equal(await main(args, again), 0, again.complaints);
      assert.match(again.printed, /has these \d+ files already/);
    } finally {
      Deno.env.delete("HF_ENDPOINT");
      Deno.env.delete("HF_TOKEN");
    }
  }));
