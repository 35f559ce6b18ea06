import assert from "node:assert/strict";
import fc from "fast-check";
import { openSafetensors } from "../../../lib/model/weights/safetensors.ts";
import {
  cachedEmbeddings,
  dequantise,
  type EmbeddedTexts,
  exactSearch,
  openEmbeddings,
  quantise,
  roundToBf16,
  writeEmbeddings,
} from "../../../lib/search/mod.ts";
import { randomEmbeddings } from "../_reference.ts";
import { tempFolder } from "../../_temp_folder.ts";

const SOURCE = { model: "m", data: "d" };

async function withFolder(body: (folder: string) => Promise<void>) {
  const folder = await tempFolder();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function named(count: number, seed = 1): EmbeddedTexts {
  return {
    ids: Array.from({ length: count }, (_, i) => `p${i}é\u{1F4C4}`),
    embeddings: randomEmbeddings(count, 5, seed),
  };
}

/** The same in parts of `size`, whose data lie in one buffer. */
function* parts(all: EmbeddedTexts, size: number): Generator<EmbeddedTexts> {
  const { data, dimension } = all.embeddings;
  for (let i = 0; i < all.ids.length; i += size) {
    const ids = all.ids.slice(i, i + size);
    const part = data.subarray(i * dimension, (i + ids.length) * dimension);
    yield { ids, embeddings: { data: part, count: ids.length, dimension } };
  }
}

Deno.test("openEmbeddings() reads what writeEmbeddings() wrote, in any chunks", async () => {
  await withFolder(async (folder) => {
    const shapes = fc.record({
      count: fc.integer({ min: 1, max: 40 }),
      write: fc.integer({ min: 1, max: 50 }),
      read: fc.integer({ min: 1, max: 50 }),
      dtype: fc.constantFrom("f32" as const, "bf16" as const),
      shards: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async (s) => {
        const path = `${folder}/e.safetensors`;
        const all = named(s.count, s.seed);
        await writeEmbeddings(path, all.ids, parts(all, s.write), {
          source: SOURCE,
          dtype: s.dtype,
        });
        const file = await openEmbeddings(path, { source: SOURCE });
        const ids: string[] = [];
        const data: number[] = [];
        for (let index = 0; index < s.shards; index++) {
          const shard = { index, count: s.shards };
          for await (const c of file.chunks({ chunk: s.read, shard })) {
            assert.ok(c.ids.length <= s.read);
            ids.push(...c.ids);
            data.push(...c.embeddings.data);
          }
        }
        assert.deepEqual(ids, all.ids);
        const wanted = s.dtype === "f32"
          ? all.embeddings
          : roundToBf16(all.embeddings);
        assert.deepEqual(data, [...wanted.data]);
      }),
      { numRuns: 30 },
    );
  });
});

Deno.test("an embedding file is a safetensors file", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/e.safetensors`;
    const all = named(7);
    await writeEmbeddings(path, all.ids, [all], { source: SOURCE });
    using weights = await openSafetensors(path);
    assert.deepEqual(weights.tensors.get("embeddings")!.shape, [7, 5]);
    assert.deepEqual(await weights.read("embeddings"), all.embeddings.data);
    const bytes = Uint8Array.from(await weights.readIntegers("ids"));
    assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), all.ids);
    assert.equal(weights.metadata.model, "m");
  });
});

Deno.test("small vectors come from a file as they went in, ranges and all", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/e.safetensors`;
    const all = named(23);
    for (const dtype of ["int8", "binary"] as const) {
      await writeEmbeddings(path, all.ids, parts(all, 4), {
        source: SOURCE,
        dtype,
      });
      const file = await openEmbeddings(path, { source: SOURCE, dtype });
      assert.deepEqual([file.count, file.dimension, file.dtype], [
        23,
        5,
        dtype,
      ]);
      const wanted = quantise(all.embeddings, { precision: dtype });
      const read = await Array.fromAsync(file.quantised({ chunk: 10 }));
      assert.deepEqual(read.flatMap(({ ids }) => ids), all.ids);
      assert.deepEqual(
        read.flatMap(({ vectors }) => [...vectors.data]),
        [...wanted.data],
      );
      for (const { vectors } of read) {
        assert.deepEqual(vectors.ranges, wanted.ranges);
      }
      const whole = await Array.fromAsync(file.chunks());
      assert.deepEqual(whole[0]!.embeddings, dequantise(wanted));
      using weights = await openSafetensors(path);
      assert.equal(weights.metadata.precision, dtype);
      for (const other of ["f32", "int8", "binary"] as const) {
        if (other === dtype) continue;
        await assert.rejects(
          openEmbeddings(path, { dtype: other }),
          new RegExp(`must be stored as ${other}: got ${dtype}; delete`),
        );
      }
    }
    await writeEmbeddings(path, all.ids, [all], { source: SOURCE });
    const file = await openEmbeddings(path);
    assert.throws(() => file.quantised(), /stored as int8 or binary: got f32/);
  });
});

Deno.test("exactSearch() from a file equals exactSearch() from memory", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/e.safetensors`;
    const all = named(50);
    await writeEmbeddings(path, all.ids, parts(all, 9), { source: SOURCE });
    const queries = { ids: ["q"], embeddings: randomEmbeddings(1, 5, 9) };
    const file = await openEmbeddings(path);
    assert.deepEqual(
      await exactSearch(queries, file.chunks({ chunk: 8 }), { k: 10 }),
      await exactSearch(queries, all, { k: 10 }),
    );
  });
});

Deno.test("cachedEmbeddings() refuses what another model or corpus gave", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/e.safetensors`;
    let texts = 0;
    const encode = (list: readonly string[]) => {
      texts += list.length;
      return Promise.resolve({
        data: Float32Array.from(list, (text) => text.length),
        count: list.length,
        dimension: 1,
      });
    };
    const corpus = ["one", "three", "five"].map((text, i) => ({
      id: `${i}`,
      text,
    }));
    const options = { model: "a", chunk: 2 };
    const first = await cachedEmbeddings(path, encode, corpus, options);
    await cachedEmbeddings(path, encode, corpus, options);
    assert.equal(texts, 3);
    assert.equal(first.count, 3);
    await assert.rejects(
      () => cachedEmbeddings(path, encode, corpus, { ...options, model: "b" }),
      {
        name: "RangeError",
        message:
          `Cannot use the embeddings in ${path}: their model must be "b": got "a"; delete the file, or name another`,
      },
    );
    const other = [...corpus, { id: "3", text: "x" }];
    await assert.rejects(
      () => cachedEmbeddings(path, encode, other, options),
      { name: "RangeError", message: /their data must be "sha256:/ },
    );
    assert.equal(texts, 3);
  });
});

Deno.test("a failed write leaves no embedding file", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/e.safetensors`;
    const all = named(4);
    const write = (ids: string[], chunks: Iterable<EmbeddedTexts>) =>
      writeEmbeddings(path, ids, chunks, { source: SOURCE });
    await assert.rejects(() => write([...all.ids, "more"], [all]), {
      message:
        `Cannot write ${path}: there must be a vector for each of 5 ids, and at least one: got 4`,
    });
    await assert.rejects(() => write(["a", "b", "c", "d"], [all]), {
      message: /chunks must hold the vectors of the ids/,
    });
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("openEmbeddings() refuses a file that isn't whole or isn't one", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/e.safetensors`;
    const all = named(4);
    await writeEmbeddings(path, all.ids, [all], { source: SOURCE });
    const bytes = await Deno.readFile(path);
    const bad = [
      bytes.slice(0, -1),
      bytes.slice(0, 20),
      new Uint8Array(3),
      new TextEncoder().encode('xxxxxxxx{"a":1}'),
    ];
    for (const content of bad) {
      await Deno.writeFile(path, content);
      await assert.rejects(() => openEmbeddings(path), {
        name: "SyntaxError",
        message:
          `Cannot open embeddings: ${path} must be a file that writeEmbeddings() wrote, whole; write it anew`,
      });
    }
  });
});

Deno.test("exactSearch() holds one chunk of the corpus, however large it is", async () => {
  // Chunks are counted as they are collected: no more may be alive than a few,
  // the one at work and what the collector hasn't come to.
  const alive = new Set<number>();
  const registry = new FinalizationRegistry((i: number) => alive.delete(i));
  let most = 0;
  async function* corpus() {
    for (let i = 0; i < 30; i++) {
      const data = new Float32Array(8_000 * 128).fill(i / 30); // 4 MB
      alive.add(i);
      registry.register(data, i);
      most = Math.max(most, alive.size);
      yield {
        ids: Array.from({ length: 8_000 }, (_, j) => `${i}-${j}`),
        embeddings: { data, count: 8_000, dimension: 128 },
      };
      (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  const before = Deno.memoryUsage().external;
  const run = await exactSearch(
    { ids: ["q"], embeddings: randomEmbeddings(1, 128, 1) },
    corpus(),
    { k: 3 },
  );
  assert.equal(run.get("q")!.size, 3);
  // All chunks together hold 123 MB; the collector of external memory starts
  // well before that.
  const grown = Deno.memoryUsage().external - before;
  assert.ok(grown < 70e6, `grew by ${grown}`);
  assert.ok(most < 30, `${most} chunks alive at once`);
});
