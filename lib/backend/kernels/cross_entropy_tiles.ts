import * as tf from "@tensorflow/tfjs-core";
import { columnsOfRow, type SharedColumns } from "../../base/shared_columns.ts";
import type { Computed } from "../autograd/differentiable.ts";
import type { Tensor, Tensor2D } from "../tensors/tensor_types.ts";
import { matMul } from "./mat_mul.ts";

/** A call of `tiledCrossEntropy()`, its defaults filled in. */
export interface TiledCall {
  labels: Int32Array<ArrayBuffer>;
  scale: number;
  leaveOut: SharedColumns | undefined;
  rows: number;
  columns: number;
}

/** What replaces the score of a column that doesn't count: finite. */
const IGNORED = -1e9;

/** Some rows and columns, each from and to (not included). */
interface Tile {
  r0: number;
  r1: number;
  c0: number;
  c1: number;
}

/** The tiles one by one, out of tfjs operations: what compiled kernels must give. */
export function composedTiles(
  queries: Tensor2D,
  passages: Tensor2D,
  asked: TiledCall,
): Computed {
  const B = queries.shape[0], C = passages.shape[0];
  const { rows, columns } = asked;
  const found = rangesOf(B, rows).map(([r0, r1]) =>
    tf.tidy(() => {
      const q = rowsOf(queries, r0, r1);
      let seen: Seen | undefined;
      for (const [c0, c1] of rangesOf(C, columns)) {
        const before = seen;
        seen = tf.tidy(() =>
          added(before, scoresOf(q, passages, { r0, r1, c0, c1 }, asked))
        );
        if (before) tf.dispose(before);
      }
      return seen!;
    })
  );
  const column = (name: keyof Seen) => tf.concat(found.map((f) => f[name]!));
  const [tops, sums, chosen] = [
    column("tops"),
    column("sums"),
    column("chosen"),
  ];
  tf.dispose(found);
  const shifted = tf.sub(chosen, tops);
  return {
    value: tf.squeeze(tf.sub(tf.log(sums), shifted), [1]),
    saved: [queries, passages, tops, sums],
    backward: (dy, saved) => gradients(dy, saved, asked),
  };
}

/** What is known of some rows' scores, each of shape `[rows, 1]`. */
type Seen = {
  /** The largest. */
  tops: Tensor;
  /** Σ e^(score − largest). */
  sums: Tensor;
  /** The label's; 0 before its column was there. */
  chosen: Tensor;
};

/** With the scores of some more columns. */
function added(before: Seen | undefined, { scores, isLabel }: Scores): Seen {
  const own = tf.max(scores, 1, true);
  const tops = before ? tf.maximum(before.tops, own) : own;
  const sums = tf.sum(tf.exp(tf.sub(scores, tops)), 1, true);
  const chosen = isLabel
    ? tf.sum(tf.mul(scores, isLabel), 1, true)
    : tf.zerosLike(own);
  if (!before) return { tops, sums, chosen };
  const shrunk = tf.mul(before.sums, tf.exp(tf.sub(before.tops, tops)));
  return {
    tops,
    sums: tf.add(sums, shrunk),
    chosen: tf.add(chosen, before.chosen),
  };
}

function gradients(
  dy: Tensor,
  [queries, passages, tops, sums]: Tensor[],
  asked: TiledCall,
): Tensor[] {
  const B = queries!.shape[0]!, C = passages!.shape[0]!;
  const { rows, columns, scale } = asked;
  const slopes = tf.mul(tf.reshape(dy, [B, 1]), scale);
  const parts = rangesOf(C, columns);
  const dp: Tensor[] = [];
  const dq = rangesOf(B, rows).map(([r0, r1]) => {
    const q = rowsOf(queries as Tensor2D, r0, r1);
    const [top, sum, slope] = [tops!, sums!, slopes].map((x) =>
      rowsOf(x as Tensor2D, r0, r1)
    );
    let own: Tensor | undefined;
    parts.forEach(([c0, c1], i) => {
      const tile = { r0, r1, c0, c1 };
      const [byQuery, byPassage] = tf.tidy(() => {
        const { scores, isLabel } = scoresOf(
          q,
          passages as Tensor2D,
          tile,
          asked,
        );
        const shares = tf.div(tf.exp(tf.sub(scores, top!)), sum!);
        const slopesHere = tf.mul(
          isLabel ? tf.sub(shares, isLabel) : shares,
          slope!,
        ) as Tensor2D;
        const p = rowsOf(passages as Tensor2D, c0, c1);
        return [
          matMul(slopesHere, p),
          matMul(slopesHere, q, { transposeA: true }),
        ];
      }) as [Tensor, Tensor];
      own = summed(own, byQuery);
      dp[i] = summed(dp[i], byPassage);
    });
    tf.dispose([q, top!, sum!, slope!]);
    return own!;
  });
  return [tf.concat(dq), tf.concat(dp)];
}

/** Both in one; frees them. */
function summed(sum: Tensor | undefined, more: Tensor): Tensor {
  if (!sum) return more;
  const both = tf.add(sum, more);
  tf.dispose([sum, more]);
  return both;
}

/** A tile's scores, and 1 where a label's is, if any is there. */
interface Scores {
  scores: Tensor2D;
  isLabel: Tensor2D | undefined;
}

function scoresOf(
  q: Tensor2D,
  passages: Tensor2D,
  tile: Tile,
  { labels, leaveOut, scale }: TiledCall,
): Scores {
  const p = rowsOf(passages, tile.c0, tile.c1);
  const scores = tf.mul(matMul(q, p, { transposeB: true }), scale) as Tensor2D;
  const isLabel = cellsOf(tile, (row, visit) => visit(labels[row]!));
  const ignored = leaveOut && cellsOf(tile, (row, visit) => {
    columnsOfRow(leaveOut, { row, from: tile.c0, to: tile.c1 }, (column) => {
      if (column !== labels[row]) visit(column);
    });
  });
  if (!ignored) return { scores, isLabel };
  const kept = tf.mul(scores, tf.sub(1, ignored));
  return {
    scores: tf.add(kept, tf.mul(ignored, IGNORED)) as Tensor2D,
    isLabel,
  };
}

/** 1 at the columns that are visited for each row; nothing where none is there. */
function cellsOf(
  { r0, r1, c0, c1 }: Tile,
  each: (row: number, visit: (column: number) => void) => void,
): Tensor2D | undefined {
  let cells: Float32Array | undefined;
  const width = c1 - c0;
  for (let row = r0; row < r1; row++) {
    each(row, (column) => {
      if (column < c0 || column >= c1) return;
      cells ??= new Float32Array((r1 - r0) * width);
      cells[(row - r0) * width + column - c0] = 1;
    });
  }
  return cells && tf.tensor2d(cells, [r1 - r0, width]);
}

function rowsOf(x: Tensor2D, from: number, to: number): Tensor2D {
  return tf.slice(x, [from, 0], [to - from, x.shape[1]]);
}

/** `[0, count)` in ranges of `size`. */
function rangesOf(count: number, size: number): [number, number][] {
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => [
    i * size,
    Math.min(count, (i + 1) * size),
  ]);
}
