import type { Task } from "../../data/types.ts";
import type { MineOptions } from "./mine_options.ts";

/** Throws at an option that is out of range. */
export function checkMineOptions(task: Task, options: MineOptions): void {
  const { count = 8, split = "train", depth: [from, to] = [1, 50] } = options;
  const { positiveShare = 0.95, margin = 0, nearDuplicates = 2 } = options;
  const fail = (what: string, must: string, got: unknown) => {
    throw new RangeError(
      `Cannot mine hard negatives of task "${task.name}": ${what} must be ${must}: got ${got}`,
    );
  };
  if (!Number.isInteger(count) || count < 1) {
    fail("count", "an integer of at least 1", count);
  }
  if (
    !Number.isInteger(from) || !Number.isInteger(to) || from < 1 || to < from
  ) {
    fail("depth", "two ranks, 1 ≤ first ≤ last", `[${from}, ${to}]`);
  }
  if (
    !(positiveShare > 0 && positiveShare <= 1 || positiveShare === Infinity)
  ) {
    fail("positiveShare", "in (0, 1], or Infinity", positiveShare);
  }
  if (!(margin >= 0 && margin < Infinity)) {
    fail("margin", "finite and at least 0", margin);
  }
  if (
    nearDuplicates !== "off" &&
    !(Number.isInteger(nearDuplicates) && nearDuplicates >= 0 &&
      nearDuplicates < 64)
  ) {
    fail("nearDuplicates", 'an integer from 0 to 63, or "off"', nearDuplicates);
  }
  if (!task.qrels[split]) {
    const splits = Object.keys(task.qrels).join(", ") || "(none)";
    fail("split", `one of ${splits}`, `"${split}"`);
  }
}
