import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs-core";
import {
  groupNumbers,
  updateGroup,
} from "../../../lib/backend/autograd/adamw_group.ts";
import { likeShapes } from "../../../lib/backend/autograd/like_shapes.ts";
import { maxDifference, noise, onBackends } from "../../_backends.ts";
import {
  type AdamWSlot,
  adamWUpdate,
  type Gradient,
  RowGradient,
  squareSum,
} from "../../../lib/backend/kernels/mod.ts";

const NUMBERS = { beta1: 0.9, beta2: 0.99, epsilon: 1e-6, stepSize: 0.02 };

onBackends("squareSum() adds the squares of tensors and rows", () => {
  const before = tf.memory().numTensors;
  const parts: Gradient[] = [
    tf.tensor(noise(70_000, 1)),
    new RowGradient(Int32Array.of(5), tf.tensor2d([[3, 4]]), [100, 2]),
    tf.scalar(2),
  ];
  const exact = noise(70_000, 1).reduce((sum, x) => sum + x * x, 29);
  const sum = squareSum(parts);
  assert.ok(Math.abs(sum.dataSync()[0]! / exact - 1) < 1e-5);
  const none = squareSum([]);
  assert.equal(none.dataSync()[0], 0);
  sum.dispose();
  none.dispose();
  parts.forEach((part) => part.dispose());
  assert.equal(tf.memory().numTensors, before);
});

onBackends("adamWUpdate() follows the formula, for rows as in full", () => {
  const [V, D] = [30_000, 3]; // more than one piece
  const ids = Int32Array.of(0, 7, 5461, 5462, 29_999);
  const values = noise(V * D, 3);
  const rows = noise(ids.length * D, 4);
  const dense = new Float32Array(V * D);
  ids.forEach((id, i) => dense.set(rows.subarray(i * D, i * D + D), id * D));
  const sparse = new RowGradient(ids, tf.tensor2d(rows, [ids.length, D]), [
    V,
    D,
  ]);
  const kept = 0.999;
  const slots = [
    slotOf(values, tf.tensor2d(dense, [V, D]), kept),
    slotOf(values, sparse, kept),
  ];
  const p = Float64Array.from(values);
  const m = new Float64Array(V * D), v = new Float64Array(V * D);
  for (const gradientFactor of [0.5, 1, 2]) {
    adamWUpdate(slots, { ...NUMBERS, gradientFactor });
    p.forEach((_, i) => {
      const g = dense[i]! * gradientFactor;
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.99 * v[i]! + 0.01 * g * g;
      p[i] = p[i]! * kept - m[i]! / (Math.sqrt(v[i]!) + 1e-6) * 0.02;
    });
  }
  for (const slot of slots) {
    assert.ok(maxDifference(slot.parameter.dataSync(), p) < 1e-5);
    assert.ok(maxDifference(slot.m.dataSync(), m) < 1e-6);
  }
  assert.deepEqual(
    slots[0]!.parameter.dataSync(),
    slots[1]!.parameter.dataSync(),
  );
  slots.forEach(free);
});

onBackends("adamWUpdate() changes no memory but the variables'", () => {
  const start = noise(64, 1);
  const source = start.slice();
  const slot = slotOf(source, tf.ones([64]), 1);
  const others: tf.Tensor[] = [tf.clone(slot.parameter)];
  others.push(tf.reshape(slot.parameter, [8, 8]));
  adamWUpdate([slot], NUMBERS);
  others.push(tf.clone(slot.parameter), tf.reshape(slot.parameter, [64]));
  const once = slot.parameter.dataSync().slice();
  adamWUpdate([slot], NUMBERS);
  assert.deepEqual(source, start);
  others.forEach((other, i) =>
    assert.deepEqual(other.dataSync(), i < 2 ? start : once)
  );
  assert.notDeepEqual(slot.parameter.dataSync(), once);
  // Assigned anew, the variable looks at a tensor that somebody else may have.
  const shared = tf.ones([64]);
  slot.parameter.assign(shared);
  adamWUpdate([slot], NUMBERS);
  assert.deepEqual(shared.dataSync(), new Float32Array(64).fill(1));
  const before = tf.memory().numTensors;
  adamWUpdate([slot], NUMBERS);
  assert.equal(tf.memory().numTensors, before);
  tf.dispose([...others, shared]);
  free(slot);
}, ["tensorflow"]);

onBackends("parameters updated together come out as each by itself", () => {
  const make = () =>
    [0, 1, 2].map((i) =>
      slotOf(noise(12, i), tf.tensor2d(noise(12, 9 + i), [3, 4]), 0.99)
    );
  const [group, single] = [make(), make()];
  for (const gradientFactor of [1, 0.5]) {
    const numbers = { ...NUMBERS, gradientFactor };
    const update = (
      slots: AdamWSlot[],
      operand: (x: number) => tf.Scalar | number,
    ) =>
      tf.tidy(() =>
        updateGroup(slots, {
          ...groupNumbers(numbers, operand),
          kept: operand(0.99),
        })
      );
    update(group, (x) => tf.scalar(x));
    for (const slot of single) update([slot], (x) => x);
  }
  group.forEach((slot, i) => {
    for (const name of ["parameter", "m", "v"] as const) {
      assert.deepEqual(slot[name].shape, [3, 4]);
      assert.deepEqual(slot[name].dataSync(), single[i]![name].dataSync());
    }
  });
  [...group, ...single].forEach(free);
});

Deno.test("likeShapes() puts together what is alike, and not too much", () => {
  const shapes: [number[], string?][] = [
    ...[[[2, 3], "a"], [[6], "a"], [[2, 3], "a"], [[2, 3], "b"]],
    ...[[[2, 3]], [[2 ** 23], "a"], [[2 ** 23], "a"], [[2 ** 23], "a"]],
  ] as [number[], string?][];
  const groups = likeShapes(
    shapes.map((_, i) => i),
    (i) => {
      const [shape, key] = shapes[i]!;
      return key ? { shape, key } : undefined;
    },
  );
  assert.deepEqual(groups, [[0, 2], [1], [3], [4], [5, 6], [7]]);
});

function slotOf(values: Float32Array, gradient: Gradient, kept: number) {
  const { shape } = gradient;
  const parameter = tf.tidy(() => tf.variable(tf.tensor(values, [...shape])));
  const zeros = () => tf.tidy(() => tf.variable(tf.zeros([...shape])));
  return { parameter, m: zeros(), v: zeros(), gradient, kept };
}

function free({ parameter, m, v, gradient }: ReturnType<typeof slotOf>): void {
  tf.dispose([parameter, m, v]);
  gradient.dispose();
}
