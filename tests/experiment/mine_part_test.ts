import assert from "node:assert/strict";
import { saveEncoder } from "../../lib/model/mod.ts";
import { useBackend } from "../../lib/backend/mod.ts";
import type { Suite, Task } from "../../lib/data/mod.ts";
import {
  minePart,
  mineSuite,
  type MineSuiteOptions,
  type ProgressEvent,
} from "../../lib/experiment/mod.ts";
import { comparable, readFiles } from "../faults/_files.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";

/** A task whose queries make three batches. */
function largeTask(): Task {
  const words = ["red", "green", "blue", "bird", "stone", "song", "lamp"];
  const text = (i: number) =>
    [i % 7, i % 5, i % 3].map((k) => words[k]).join(" ") + ` ${i % 90}`;
  const ids = Array.from({ length: 600 }, (_, i) => i);
  return {
    ...toySuite().tasks[0]!,
    name: "large",
    corpus: new Map(
      ids.slice(0, 90).map((i) => [`p${i}`, { id: `p${i}`, text: text(i) }]),
    ),
    queries: new Map(ids.map((i) => [`q${i}`, { id: `q${i}`, text: text(i) }])),
    qrels: {
      train: new Map(ids.map((i) => [`q${i}`, new Map([[`p${i % 90}`, 1]])])),
    },
  };
}

const suite: Suite = {
  name: "mixed",
  tasks: [toySuite().tasks[1]!, largeTask(), toySuite().tasks[2]!],
};

async function ended<T>(
  events: AsyncGenerator<ProgressEvent, T>,
): Promise<{ value: T; labels: string[] }> {
  const labels: string[] = [];
  while (true) {
    const next = await events.next();
    if (next.done) return { value: next.value, labels };
    labels.push(next.value.label);
  }
}

/** The training files in a folder and their records. */
async function mined(folder: string): Promise<Record<string, string>> {
  const files = comparable(await readFiles(folder));
  return Object.fromEntries(
    Object.entries(files).filter(([path]) => !path.startsWith("parts")),
  );
}

async function triedWith(options: MineSuiteOptions): Promise<void> {
  await inTempFolder(async (folder) => {
    const at = (name: string) => ({ ...options, out: `${folder}/${name}` });
    await ended(mineSuite(suite, at("whole")));
    const whole = await mined(`${folder}/whole`);
    const shares: unknown[] = [];
    for (const shard of ["3/3", "1/3", "2/3"]) {
      const { value } = await ended(minePart(suite, shard, at("parts-3")));
      shares.push(value.tasks.map(({ task, batches }) => [task, batches]));
    }
    // Five batches in all, in the order of the tasks.
    assert.deepEqual(shares, [
      [["large", 1], ["places", 1]],
      [["weights", 1]],
      [["large", 2]],
    ]);
    const { labels } = await ended(mineSuite(suite, at("parts-3")));
    assert.ok(
      labels.some((l) =>
        /^large: candidates of 3 of 3 batches .* by p/.test(l)
      ),
    );
    assert.deepEqual(await mined(`${folder}/parts-3`), whole);
    // What isn't there is found.
    await ended(minePart(suite, "2/3", at("one")));
    const one = await ended(mineSuite(suite, at("one")));
    assert.ok(one.labels.some((l) => /candidates of 2 of 3 batches/.test(l)));
    assert.deepEqual(await mined(`${folder}/one`), whole);
  });
}

Deno.test("parts by BM25, put together, are what is mined in one go", () =>
  triedWith({ count: 3 }));

Deno.test("parts by a model and BM25, put together, are the same bytes", () =>
  inTempFolder(async (folder) => {
    await useBackend("wasm");
    await saveEncoder(smallEncoder(), `${folder}/model`);
    const model = `${folder}/model`;
    await triedWith({ by: "fused", model, backend: "wasm", prompts: "none" });
  }));

Deno.test("a part is done once; of other settings it isn't used; damaged it is refused", () =>
  inTempFolder(async (folder) => {
    const options = { count: 2, out: `${folder}/mined` };
    const part = minePart(suite, "1/1", options);
    const { value } = await ended(part);
    assert.equal(value.folder, `${folder}/mined/parts/1-of-1`);
    const file = `${value.folder}/large.jsonl`;
    const { mtime } = await Deno.stat(file);
    await ended(minePart(suite, "1/1", options));
    assert.deepEqual((await Deno.stat(file)).mtime, mtime);
    const { labels } = await ended(mineSuite(suite, { ...options, count: 1 }));
    assert.ok(
      labels.some((l) =>
        l ===
          `${file} isn't used: it was found with other settings, or in other data`
      ),
    );
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replace('"ranked":[', '"ranked":[0,'));
    await assert.rejects(
      ended(mineSuite(suite, { ...options, force: true })),
      /Cannot mine: \S+large\.jsonl is damaged .*; remove \S+1-of-1 and make/,
    );
    await assert.rejects(
      ended(minePart(suite, "4/3", options)),
      /Cannot read shard "4\/3"/,
    );
    await assert.rejects(
      ended(minePart(suite, "1/3", { ...options, teacher: "t" })),
      /a teacher scores in one go; leave out --shard, or --teacher/,
    );
    await assert.rejects(
      ended(minePart(suite, "1/3", { count: 2 })),
      /it goes to a folder; name it with --out/,
    );
  }));
