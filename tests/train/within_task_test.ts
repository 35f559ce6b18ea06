import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import type { Batch } from "../../lib/sampling/mod.ts";
import { infoNce } from "../../lib/train/mod.ts";
import { maxDifference, noise, onBackends } from "../_backends.ts";

/** Rows with two passages of their own each. */
function batchOf(rows: readonly number[], domains: readonly number[]): Batch {
  return {
    index: 0,
    examples: rows.map((row) => ({
      domain: domains[row]!,
      passages: [{ id: `p${row}`, text: "" }, { id: `n${row}`, text: "" }],
      passageTexts: [`p${row}`, `n${row}`],
      positiveIds: new Set([`p${row}`]),
    })),
  } as unknown as Batch;
}

onBackends(
  "within tasks, losses and gradients are those of batches of one task",
  () => {
    const domains = [0, 0, 0, 1, 1];
    const D = 8;
    const vectors = (rows: number, seed: number) =>
      Array.from({ length: rows }, (_, i) => [...noise(D, seed + i)]);
    const [queries, passages] = [vectors(5, 1), vectors(10, 50)];
    const of = (rows: number[], options: Parameters<typeof infoNce>[0]) => {
      const batch = batchOf(rows, domains);
      const loss = infoNce({ temperature: 0.2, ...options });
      return tf.tidy(() => {
        const q = tf.tensor2d(rows.map((r) => queries[r]!));
        const p = tf.tensor2d(
          rows.flatMap((r) => [passages[2 * r]!, passages[2 * r + 1]!]),
        );
        const gradients = tf.grads((q, p) =>
          tf.sum(loss(q as tf.Tensor2D, p as tf.Tensor2D, batch))
        )([q, p]);
        return [loss(q, p, batch), ...gradients].map((t) => [...t.dataSync()]);
      }) as [number[], number[], number[]];
    };
    const apart = [of([0, 1, 2], {}), of([3, 4], {})];
    for (
      const options of [
        {},
        { maskFalseNegatives: false },
        { scoreMb: 16 * 4 / 2 ** 20 }, // in tiles
      ]
    ) {
      const together = of([0, 1, 2, 3, 4], { ...options, withinTask: true });
      together.forEach((values, which) =>
        assert.ok(
          maxDifference(values, apart.flatMap((part) => part[which]!)) < 1e-5,
        )
      );
      const mixed = of([0, 1, 2, 3, 4], options);
      assert.ok(maxDifference(mixed[0], together[0]) > 1e-2, "it matters");
    }
  },
);
