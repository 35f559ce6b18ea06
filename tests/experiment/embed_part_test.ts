import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type EmbeddedTask,
  embedSuite,
  type EmbedSuiteOptions,
} from "../../lib/experiment/mod.ts";
import type { DenseModel } from "../../lib/experiment/retriever/open_model.ts";
import { readFiles } from "../faults/_files.ts";
import { inTempFolder } from "../_temp_folder.ts";
import { toySuite } from "../_toy_suite.ts";

const suite = toySuite();

/** A model whose vectors depend on the texts encoded along, as a real one's do. */
function sociable(source = "model@1"): DenseModel {
  return {
    encode: (texts) => {
      const along = texts.join("").length;
      const data = Float32Array.from(
        texts.flatMap((text) => [text.length, text.charCodeAt(0), along]),
      );
      return Promise.resolve({ data, count: texts.length, dimension: 3 });
    },
    source: () => Promise.resolve(source),
    [Symbol.dispose]() {},
  } as Partial<DenseModel> as DenseModel;
}

async function embedded(options: Partial<EmbedSuiteOptions>) {
  const work = embedSuite(suite, {
    model: sociable(),
    to: "npy",
    out: "",
    ...options,
  });
  while (true) {
    const next = await work.next();
    if (next.done) return next.value;
  }
}

/** The files that aren't parts. */
async function whole(folder: string): Promise<Record<string, string>> {
  const files = Object.entries(await readFiles(folder));
  return Object.fromEntries(
    files.filter(([path]) => !path.startsWith("parts")),
  );
}

const sum = (rows: EmbeddedTask[], what: "passages" | "encoded") =>
  rows.reduce((total, row) => total + row[what], 0);

Deno.test("vectors in parts, put together, are the bytes of one go", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom("npy", "fbin", "parquet"),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 6 }).chain((n) =>
        fc.shuffledSubarray(
          Array.from({ length: n }, (_, i) => `${i + 1}/${n}`),
        )
      ),
      (to, chunk, shards) =>
        inTempFolder(async (folder) => {
          const at = (name: string) => ({
            to,
            chunk,
            out: `${folder}/${name}`,
          });
          const all = await embedded(at("whole"));
          let done = 0;
          for (const shard of shards) {
            done += sum(await embedded({ ...at("parts"), shard }), "encoded");
            const again = await embedded({ ...at("parts"), shard });
            assert.equal(sum(again, "encoded"), 0);
          }
          // What no part has is encoded.
          const rows = await embedded(at("parts"));
          assert.equal(sum(rows, "encoded"), sum(all, "passages") - done);
          assert.deepEqual(
            await whole(`${folder}/parts`),
            await whole(`${folder}/whole`),
          );
        }),
    ),
    { numRuns: 10 },
  ));

Deno.test("parts of another model aren't used, and half a part is refused", () =>
  inTempFolder(async (out) => {
    const options = { out, chunk: 8 };
    await embedded({ ...options, shard: "1/2", model: sociable("model@2") });
    const rows = await embedded(options);
    assert.equal(sum(rows, "encoded"), sum(rows, "passages"));
    await embedded({ ...options, shard: "2/2" });
    const [task] = suite.tasks.slice(-1);
    const file = `${out}/parts/2-of-2/${task!.name}.npy`;
    await Deno.truncate(file, 200);
    await Deno.remove(`${out}/${task!.name}.npy.json`);
    await assert.rejects(embedded(options), {
      name: "RangeError",
      message: /Cannot read .*must have \d+ vectors of 3 numbers; delete it/,
    });
    await assert.rejects(embedded({ ...options, shard: "3/2" }), {
      message: /Cannot read shard "3\/2"/,
    });
  }));
