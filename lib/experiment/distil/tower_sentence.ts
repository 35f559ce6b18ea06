import type { TowerRow } from "./tower_rows.ts";

/**
 * One sentence on the tower that counts, the last one.
 *
 * @param towers The teacher first.
 */
export function towerSentence(towers: readonly TowerRow[]): string {
  const teacher = towers[0]!;
  const tower = towers.at(-1)!;
  const [before, after] = [teacher, tower].map(({ speed }) => speed[0]!);
  const faster = `one query takes ${after!.p50.toFixed(1)} ms in place of ${
    before!.p50.toFixed(1)
  } ms (${after!.backend})`;
  if (tower.ndcg === undefined) return `Not evaluated; ${faster}.`;
  if (tower.kept === undefined || tower.keptInterval === undefined) {
    return `The teacher finds too little to say what is kept of it; ${faster}.`;
  }
  const [low, high] = tower.keptInterval.map((x) => (100 * x).toFixed(1));
  return `${
    (100 * tower.kept).toFixed(1)
  } % of the teacher's mean nDCG@10 are kept (95 % interval over test queries: ${low} to ${high} %); ${faster}.`;
}
