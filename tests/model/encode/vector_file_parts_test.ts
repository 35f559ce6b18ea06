import assert from "node:assert/strict";
import { useBackend } from "../../../lib/backend/mod.ts";
import {
  disposeEncoder,
  encodeToFile,
  mergeVectorFiles,
  textPart,
} from "../../../lib/model/mod.ts";
import { smallEncoder } from "../../_small_encoder.ts";
import { inTempFolder } from "../../_temp_folder.ts";

Deno.test("vectors of parts, put together, are the file of one go", () =>
  inTempFolder(async (folder) => {
    await useBackend("wasm");
    const encoder = smallEncoder();
    const windowTexts = 4;
    for (const count of [1, 8, 21]) {
      const texts = Array.from(
        { length: count },
        (_, i) => "red green ".repeat(1 + i % 5) + i,
      );
      for (const ending of ["npy", "safetensors"]) {
        const whole = `${folder}/whole.${ending}`;
        await encodeToFile(encoder, texts, whole, { windowTexts });
        const parts: string[] = [];
        for (let index = 0; index < 3; index++) {
          parts.push(`${folder}/${index}.${ending}`);
          const part = textPart(texts, { index, count: 3, windowTexts });
          await encodeToFile(encoder, part, parts.at(-1)!, { windowTexts });
        }
        const path = `${folder}/merged.${ending}`;
        assert.equal(
          (await mergeVectorFiles(parts, path, { windowTexts })).count,
          count,
        );
        assert.deepEqual(await Deno.readFile(path), await Deno.readFile(whole));
        if (count < 8) continue;
        await assert.rejects(
          mergeVectorFiles(parts.toReversed(), path, { windowTexts }),
          /must have \d+ vectors of 16 numbers: got \d+ of 16; name all parts/,
        );
      }
    }
    await Deno.writeTextFile(`${folder}/x.npy`, "no vectors");
    await assert.rejects(
      mergeVectorFiles([`${folder}/x.npy`], `${folder}/y.npy`),
      /x\.npy must be a file that encodeToFile\(\) wrote/,
    );
    await assert.rejects(
      Array.fromAsync(textPart(["a"], { index: 2, count: 2 })),
      /index must be an integer from 0 to 1: got 2/,
    );
    disposeEncoder(encoder);
  }));
