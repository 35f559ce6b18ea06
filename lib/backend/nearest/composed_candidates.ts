import type { CandidateList } from "./candidate_list.ts";
import {
  BLOCK,
  type DeviceQueries,
  GROUP,
  type ScoreBlock,
} from "./score_blocks.ts";

/** A search of one span of blocks. */
export interface SpanSearch {
  /** What is searched for. */
  queries: DeviceQueries;
  /** For each query the rows found so far. */
  lists: CandidateList[];
  /** Gets the blocks' scores, which stay on the device. */
  blocks: ScoreBlock[];
}

/** Rows in a row. */
interface RowRange {
  /** Number of the first row. */
  first: number;
  /** Number of rows. */
  rows: number;
}

/**
 * Puts the rows of a span of blocks that may be among the k nearest on the
 * lists, by the backend's own operations: looks at groups first, then at the
 * rows of those that may hold some.
 */
export async function composedCandidates(
  search: SpanSearch,
  { first, rows }: RowRange,
): Promise<void> {
  const groups = await candidateGroups(search, { first, rows });
  for (const [i, block] of search.blocks.entries()) {
    const size = Math.min(BLOCK, rows - i * BLOCK);
    const range = { first: first + i * BLOCK, rows: size };
    await addRows(block, range, { groups, lists: search.lists });
  }
}

/**
 * Finds the groups that may hold one of the nearest rows, by their largest
 * scores.
 */
async function candidateGroups(
  { queries, lists, blocks }: SpanSearch,
  { first, rows }: RowRange,
): Promise<CandidateList[]> {
  const found = lists.map((list) => list.sibling());
  for (let from = first; from < first + rows; from += BLOCK) {
    const block = queries.times(from / BLOCK);
    blocks.push(block);
    const size = Math.min(BLOCK, first + rows - from);
    const groups = Math.ceil(size / GROUP);
    // A group that was filled up with zeros says nothing by its largest score.
    const whole = Math.floor(size / GROUP);
    const maxima = await block.maxima(); // [Q, groups]
    for (let q = 0; q < found.length; q++) {
      const list = found[q]!;
      const at = q * groups;
      list.expect(maxima.subarray(at, at + whole));
      const { floor } = list;
      for (let g = 0; g < whole; g++) {
        const score = maxima[at + g]!;
        if (score >= floor) list.add(from / GROUP + g, score);
      }
      list.settle();
    }
  }
  found.forEach((list, q) => {
    list.settle(true);
    lists[q]!.riseTo(list.floor);
  });
  return found;
}

/** Puts the rows of the groups on the lists. */
async function addRows(
  block: ScoreBlock,
  { first, rows }: RowRange,
  { groups: found, lists }: {
    groups: readonly CandidateList[];
    lists: CandidateList[];
  },
): Promise<void> {
  const groups = Math.ceil(rows / GROUP);
  const taken = takenGroups(found, {
    firstGroup: first / GROUP,
    groups,
    partial: rows % GROUP !== 0,
  });
  for (let i = 0; i < taken.length; i += GROUPS_AT_A_TIME) {
    const part = taken.subarray(i, i + GROUPS_AT_A_TIME);
    const scores = await block.scores(part); // [part, GROUP]
    for (let t = 0; t < part.length; t++) {
      const q = Math.floor(part[t]! / groups);
      const row = (part[t]! - q * groups) * GROUP;
      const list = lists[q]!;
      const { floor } = list;
      const end = Math.min(GROUP, rows - row);
      for (let j = 0; j < end; j++) {
        const score = scores[t * GROUP + j]!;
        if (score >= floor) list.add(first + row + j, score);
      }
    }
  }
}

/** 32 MB of scores. */
const GROUPS_AT_A_TIME = 2 ** 19;

/**
 * The groups of a block to look into, `q * groups + group`. A largest score
 * below 0 may be any of its group's, so all are taken where that is in play.
 */
function takenGroups(
  found: readonly CandidateList[],
  { firstGroup, groups, partial }: {
    firstGroup: number;
    groups: number;
    /** Whether the last group isn't full. */
    partial: boolean;
  },
): Int32Array {
  const whole = partial ? groups - 1 : groups;
  const taken: number[] = [];
  found.forEach((list, q) => {
    if (list.floor > 0) {
      list.within(
        firstGroup,
        firstGroup + whole,
        (group) => taken.push(q * groups + group - firstGroup),
      );
    } else {
      for (let g = 0; g < whole; g++) taken.push(q * groups + g);
    }
    if (partial) taken.push(q * groups + whole);
  });
  return Int32Array.from(taken);
}
