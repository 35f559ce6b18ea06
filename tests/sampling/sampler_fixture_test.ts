import assert from "node:assert/strict";
import {
  freshSupply,
  isOver,
  type StopRule,
  takeRow,
} from "../../lib/sampling/row_supply.ts";
import { cumulativeShares, drawTask } from "../../lib/sampling/draw_task.ts";
import { readShared, withShared } from "../_shared.ts";

interface SamplerCase {
  name: string;
  sizes: number[];
  weights: number[];
  batch_size: number | null;
  stopping_strategy: string;
  cut_at: number | null;
  uniforms_per_batch: number[] | null;
  source_per_batch: number[] | null;
  expected_domain_sequence: number[];
  expected_row_sequence: number[];
  domain_ids?: Record<string, number>;
  sampler_source_order?: string[];
  expected_domain_id_per_batch?: number[];
}

function cases(): SamplerCase[] {
  return readShared("fixtures/tdro/sampler.json").cases;
}

withShared("recorded uniform numbers draw the recorded tasks", () => {
  let checked = 0;
  for (const one of cases()) {
    if (!one.uniforms_per_batch || !one.source_per_batch || !one.weights) {
      continue;
    }
    const shares = cumulativeShares(one.weights);
    assert.deepEqual(
      one.uniforms_per_batch.map((uniform) => drawTask(shares, uniform)),
      one.source_per_batch,
      one.name,
    );
    checked++;
  }
  assert.equal(checked, 7);
});

withShared(
  "recorded draws give the recorded rows, to the end of the run",
  () => {
    let checked = 0;
    for (const one of cases()) {
      if (!one.expected_row_sequence) continue;
      const perDraw = one.batch_size ?? 1;
      const draws = one.source_per_batch ?? one.expected_domain_sequence;
      const stop = one.stopping_strategy.replace("_", "-") as StopRule;
      const supply = freshSupply(one.sizes.length);
      const domains: number[] = [];
      const rows: number[] = [];
      for (const domain of draws) {
        for (let i = 0; i < perDraw && !isOver(supply, stop); i++) {
          if (rows.length === one.cut_at) break;
          domains.push(domain);
          rows.push(takeRow(supply, one.sizes, domain));
        }
      }
      assert.deepEqual(domains, one.expected_domain_sequence, one.name);
      assert.deepEqual(rows, one.expected_row_sequence, one.name);
      assert.equal(isOver(supply, stop), one.cut_at === null, one.name);
      checked++;
    }
    assert.equal(checked, 9);
  },
);

withShared("the reference's order of sources maps to ids by name", () => {
  const one = cases().find((one) => one.name === "source_order_with_names")!;
  const names = Object.keys(one.domain_ids!).sort((a, b) => a < b ? -1 : 1);
  assert.deepEqual(names, one.sampler_source_order);
  const shares = cumulativeShares(names.map(() => 1));
  const ids = one.uniforms_per_batch!.map((uniform) =>
    one.domain_ids![names[drawTask(shares, uniform)]!]
  );
  assert.deepEqual(ids, one.expected_domain_id_per_batch);
});
