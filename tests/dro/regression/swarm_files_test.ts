import assert from "node:assert/strict";
import fc from "fast-check";
import { formatSwarm, parseSwarm } from "../../../lib/dro/mod.ts";

const name = fc.string({ minLength: 1, maxLength: 6 }).filter((text) =>
  !/\r/.test(text) && text.trim() === text && !text.startsWith("Unnamed") &&
  !["run", "run_id", "index", "name"].includes(text)
);

Deno.test("a swarm comes back from its files, whatever its names", () => {
  fc.assert(fc.property(
    fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
    fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
    (domains, metrics, ids) => {
      const swarm = {
        domains,
        metrics,
        runs: ids.map((run, i) => ({
          run,
          name: `${run}, "again"`,
          ratios: domains.map((_, k) => k === 0 ? 1 : 0),
          metrics: metrics.map((_, m) => (i + m) / 3),
        })),
      };
      assert.deepEqual(parseSwarm(formatSwarm(swarm)), {
        ...swarm,
        unmatched: [],
      });
    },
  ));
});

Deno.test("RegMix's files are read: index, prefixes, rounded shares", () => {
  const { domains, metrics, runs, unmatched } = parseSwarm({
    ratios: "index,train_a,train_b\n1,0.004,0.994\n2,0.5,0.5\n7,1,0\n",
    metrics: "index,metric/a_val_loss\r\n1,5.36\r\n2,\r\n9,1\r\n",
  });
  assert.deepEqual(domains, ["train_a", "train_b"]);
  assert.deepEqual(metrics, ["metric/a_val_loss"]);
  assert.deepEqual(runs.map((r) => r.run), ["1", "2"]);
  assert.ok(Math.abs(runs[0]!.ratios[0]! - 0.004 / 0.998) < 1e-12);
  assert.ok(Number.isNaN(runs[1]!.metrics[0]!));
  assert.deepEqual(unmatched, ["7", "9"]);
});

Deno.test("Olmix's files are read: run_id, a pandas index column", () => {
  const { domains, runs } = parseSwarm({
    ratios: ",run_id,name,index,dclm,wiki\n0,hz,my-swarm-0000,0,0.45,0.55\n",
    metrics: "Unnamed: 0,run_id,name,index,arc_bpb\n0,hz,x,0,1.23\n",
  });
  assert.deepEqual(domains, ["dclm", "wiki"]);
  assert.deepEqual(runs, [{
    run: "hz",
    name: "my-swarm-0000",
    ratios: [0.45, 0.55],
    metrics: [1.23],
  }]);
});

Deno.test("a file that is no swarm is refused by its line", () => {
  const good = "run,a\nx,1\n";
  const wrong = (ratios: string, metrics: string, message: RegExp) =>
    assert.throws(() => parseSwarm({ ratios, metrics }), {
      name: "SyntaxError",
      message,
    });
  wrong("", good, /the file of ratios is empty/);
  wrong(
    "a,b\n1,2\n",
    good,
    /must have a column run, run_id or index: got a, b/,
  );
  wrong("run,a\nx,0.5\n", good, /line 2 of the ratios.*a sum of 0\.5/);
  wrong(
    "run,a,b\nx,1\n",
    good,
    /line 2 of the ratios must have 3 cells: got 2/,
  );
  wrong("run,a\nx,one\n", good, /a must be a number: got "one"/);
  wrong("run,a\nx,1\nx,1\n", good, /run x comes twice/);
  wrong(
    good,
    'run,a\nx,"1\n',
    /line 2 of the metrics has a quote out of place/,
  );
});
