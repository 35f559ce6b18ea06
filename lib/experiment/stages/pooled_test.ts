import type { Suite } from "../../data/mod.ts";
import { pooledSuite, readPool } from "../../eval/mod.ts";

/** The part of the suite that arms are evaluated on. */
export interface PooledTest {
  /** The pool's queries and passages of each task. */
  suite: Suite;
  /** What the record says of the pool. */
  origin: PoolOrigin;
}

/** Which pool it is. */
export interface PoolOrigin {
  /** SHA-256 of its content. */
  sha256: string;
}

/**
 * Opens a pool that `tdro eval pool` made of the suite.
 *
 * @param path The file; none if arms are evaluated on whole corpora.
 * @param suite The whole suite.
 * @throws {RangeError} If it is of another split than test, or of other data.
 */
export async function openPooledTest(
  path: string | undefined,
  suite: Suite,
): Promise<PooledTest | undefined> {
  if (path === undefined) return;
  const { pool, sha256 } = await readPool(path);
  if (pool.split !== "test") {
    throw new RangeError(
      `Cannot evaluate on the pool ${path}: arms are evaluated on the split test, and it is one of ${pool.split}; make one by tdro eval pool --split test`,
    );
  }
  return { suite: pooledSuite(suite, pool), origin: { sha256 } };
}

/** What is evaluated on, in words; nothing for whole corpora. */
export function pooledLine(
  pooled: PooledTest | undefined,
  whole: Suite,
): string | undefined {
  if (pooled === undefined) return;
  const sum = (suite: Suite, of: (task: Suite["tasks"][number]) => number) =>
    suite.tasks.reduce((total, task) => total + of(task), 0)
      .toLocaleString("en");
  const queries = (task: Suite["tasks"][number]) => task.qrels.test?.size ?? 0;
  const passages = (task: Suite["tasks"][number]) => task.corpus.size;
  return `evaluation: on a pool of ${sum(pooled.suite, queries)} of ${
    sum(whole, queries)
  } test queries and ${sum(pooled.suite, passages)} of ${
    sum(whole, passages)
  } passages; scores are higher than on whole corpora`;
}
