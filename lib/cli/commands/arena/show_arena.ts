import type { ArenaOutcome } from "../../../experiment/mod.ts";
import { line, printable } from "../../../base/printable.ts";
import type { CommandIo } from "../../io.ts";
import { tablesFor } from "../tables.ts";

/** Scores compare at a glance; the rest is as exact as it is certain. */
const ARENA_DIGITS = {
  "nDCG@10": 4,
  worst: 4,
  difference: 4,
  low: 4,
  high: 4,
  dataUsed: 2,
  proxySteps: 0,
};

/** Prints what an arena came to: the strategies, their changes by task, the verdict. */
export async function showArena(
  result: ArenaOutcome,
  io: CommandIo,
): Promise<void> {
  const { arenaTable, arenaVerdict } = await import(
    "../../../experiment/mod.ts"
  );
  const textTable = await tablesFor(io);
  const table = arenaTable(result);
  const { arms: _arms, ...summary } = result;
  const changes = result.tasks.map(({ name }) => `Δ ${name}`);
  io.result(summary, () => {
    return [
      textTable(
        table.select(
          "strategy",
          "nDCG@10",
          "worst",
          "difference",
          "low",
          "high",
          "pHolm",
          "pSeeds",
          "seedDeviation",
          "dataUsed",
          "proxySteps",
        ),
        { digits: 4, columnDigits: ARENA_DIGITS },
      ),
      "",
      textTable(
        table.select(
          "strategy",
          ...changes,
        ),
        {
          columnDigits: Object.fromEntries(
            changes.map((column) => [column, 4]),
          ),
        },
      ),
      "",
      ...arenaVerdict(result).map(printable),
      "",
      line`Everything is in ${result.folder}; ${result.folder}/arena.json has the whole result`,
    ].join("\n");
  });
}
