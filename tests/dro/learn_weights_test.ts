import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import { trainExamples } from "../../lib/data/mod.ts";
import {
  initialWeightState,
  learnWeights,
  stepWeights,
  type WeightStepReport,
} from "../../lib/dro/mod.ts";
import { disposeEncoder, type Encoder } from "../../lib/model/mod.ts";
import { batches } from "../../lib/sampling/mod.ts";
import { maxDifference, onBackends } from "../_backends.ts";
import { leading } from "../workers/_in_process.ts";
import { smallEncoder } from "../_small_encoder.ts";
import { toySuite } from "../_toy_suite.ts";

/** Rows whose hard negative is the next passage of the task. */
function rows() {
  const suite = toySuite();
  return trainExamples(suite, {
    negatives: suite.tasks.map((task) => {
      const ids = [...task.corpus.keys()];
      const after = (id: string) => ids[(ids.indexOf(id) + 1) % ids.length]!;
      return new Map(
        [...task.qrels.train!].map(([query, grades]) => [
          query,
          [after([...grades.keys()][0]!)],
        ]),
      );
    }),
  });
}

const START = initialWeightState([1 / 3, 1 / 3, 1 / 3]);

async function learn(
  options: Partial<Parameters<typeof learnWeights>[1]>,
  count: number,
): Promise<{ reports: WeightStepReport[]; proxy: Encoder }> {
  const proxy = smallEncoder();
  const reports: WeightStepReport[] = [];
  const drawn = batches(rows(), [1, 1, 1], {
    size: 6,
    seed: 5,
    homogeneous: false,
    count,
  });
  for await (
    const step of learnWeights(drawn, {
      proxy,
      state: START,
      learningRate: 1e-3,
      ...options,
    })
  ) reports.push(step);
  return { reports, proxy };
}

onBackends(
  "learnWeights() moves the weights as its own losses say",
  async () => {
    const reference = smallEncoder();
    const frozen = [...reference.parameters.values()].map((
      p,
    ) => [...p.dataSync()]);
    for (const measure of ["released", "ratio-of-means"] as const) {
      const update = { measure, eta: 0.1, accumulate: 2 };
      const { reports, proxy } = await learn({ reference, update }, 8);
      assert.equal(reports.length, 4); // two micro-batches each
      let state = START;
      for (const report of reports) {
        assert.equal(report.losses.length, 12);
        for (const half of [[0, 6], [6, 12]] as const) {
          state = stepWeights(state, {
            losses: report.losses.slice(...half),
            referenceLosses: report.referenceLosses.slice(...half),
            domains: report.domains.slice(...half),
          }, update);
        }
        assert.deepEqual(report.state, state);
        report.domainLosses.forEach((mean, k) =>
          assert.equal(mean === null, !report.domains.includes(k))
        );
      }
      assert.notDeepEqual(state.curr, START.curr);
      disposeEncoder(proxy);
    }
    assert.deepEqual(
      [...reference.parameters.values()].map((p) => [...p.dataSync()]),
      frozen,
    );
    disposeEncoder(reference);
  },
);

onBackends(
  "the proxy and the reference agree before the first update",
  async () => {
    const reference = smallEncoder(); // the same start as the proxy's
    const { reports: [first], proxy } = await learn({ reference }, 1);
    first!.losses.forEach((loss, i) =>
      assert.ok(Math.abs(loss - first!.referenceLosses[i]!) < 1e-6)
    );
    disposeEncoder(proxy);
    disposeEncoder(reference);
  },
);

onBackends("a task of weight 0 gives the proxy no gradient", async () => {
  const state = initialWeightState([1, 0, 0]);
  const proxy = smallEncoder();
  const drawn = batches(rows(), [0, 1, 1], {
    size: 4,
    seed: 1,
    homogeneous: false,
    count: 1,
  });
  await assert.rejects(
    async () => {
      for await (
        const _ of learnWeights(drawn, { proxy, state })
      ) { /* one step */ }
    },
    /the weights of the 4 examples sum to 0/,
  );
  disposeEncoder(proxy);
});

onBackends("stage 1 keeps no tensor", async () => {
  const reference = smallEncoder();
  const { proxy } = await learn({ reference }, 1);
  const before = tf.memory().numTensors;
  const again = await learn({ reference }, 3);
  disposeEncoder(again.proxy);
  assert.equal(tf.memory().numTensors, before);
  disposeEncoder(proxy);
  disposeEncoder(reference);
});

onBackends(
  "with several lengths the weights see the mean of their losses",
  async () => {
    const reference = smallEncoder();
    const first = async (dims: number[], weights?: number[]) => {
      const matryoshka = { dims, weights };
      const { reports, proxy } = await learn({ reference, matryoshka }, 1);
      disposeEncoder(proxy);
      const { losses, referenceLosses } = reports[0]!;
      assert.deepEqual(losses, referenceLosses); // both start alike
      return losses;
    };
    const [whole, short] = [await first([16]), await first([4])];
    const both = await first([16, 4], [3, 1]);
    both.forEach((loss, i) => {
      const mean = (3 * whole[i]! + short[i]!) / 4;
      assert.ok(Math.abs(loss - mean) < 1e-5, `${loss} is not ${mean}`);
    });
    disposeEncoder(reference);
  },
);

onBackends("several workers learn the weights that one does", async () => {
  const reference = smallEncoder("mean", 0.1);
  const update = { eta: 1, measure: "ratio-of-means" } as const;
  const one = await learn({ reference, update }, 2);
  const slots = await learn({ reference, update, slots: 2 }, 2);
  await leading(2, async (workers) => {
    const two = await learn({ reference, update, workers }, 2);
    const [a, b] = [one, two].map(({ reports }) => reports.at(-1)!);
    assert.ok(maxDifference(a!.state.curr, START.curr) > 1e-3, "they moved");
    // Losses of two parts of a batch differ from the whole's by rounding.
    assert.ok(maxDifference(a!.state.curr, b!.state.curr) < 1e-6);
    assert.ok(maxDifference(a!.referenceLosses, b!.referenceLosses) < 1e-5);
    const same = await learn({ reference, update, workers, slots: 2 }, 2);
    assert.deepEqual(same.reports.at(-1)!.state, slots.reports.at(-1)!.state);
    [two, same].forEach(({ proxy }) => disposeEncoder(proxy));
  });
  [one.proxy, slots.proxy, reference].forEach(disposeEncoder);
});
