import type { CandidateList } from "./candidate_list.ts";
import {
  BLOCK,
  type DeviceQueries,
  GROUP,
  type ScoreBlock,
} from "./score_blocks.ts";

/**
 * Puts the rows of a span of blocks that may be among the k nearest on the
 * lists: looks at groups first, then at the rows of those that may hold some.
 * The blocks' scores stay on the device, in `blocks`.
 */
export async function lookAtSpan(
  queries: DeviceQueries,
  first: number,
  rows: number,
  lists: CandidateList[],
  blocks: ScoreBlock[],
): Promise<void> {
  const groups = await lookAtGroups(queries, first, rows, lists, blocks);
  for (const [i, block] of blocks.entries()) {
    const size = Math.min(BLOCK, rows - i * BLOCK);
    await lookAtRows(block, first + i * BLOCK, size, groups, lists);
  }
}

/**
 * Finds the groups that may hold one of the nearest rows, by their largest
 * scores. The blocks' scores stay on the device, in `blocks`.
 */
async function lookAtGroups(
  queries: DeviceQueries,
  first: number,
  rows: number,
  lists: CandidateList[],
  blocks: ScoreBlock[],
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
async function lookAtRows(
  block: ScoreBlock,
  first: number,
  rows: number,
  found: readonly CandidateList[],
  lists: CandidateList[],
): Promise<void> {
  const groups = Math.ceil(rows / GROUP);
  const taken = takenGroups(found, first / GROUP, groups, rows % GROUP !== 0);
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
  firstGroup: number,
  groups: number,
  partial: boolean,
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
