import { z } from "zod";
import { line } from "../../../base/printable.ts";
import type { Command } from "../../command.ts";
import { withLocalModels } from "../local_model.ts";
import { arenaShape, type SharedArenaOptions } from "./options.ts";

/** `tdro arena plan`. */
export const command: Command<SharedArenaOptions> = {
  name: "arena plan",
  summary: "Divide an arena into jobs for any number of machines",
  details:
    "Takes the options of tdro arena and trains nothing: it writes a folder " +
    "with one job per arm and seed, and hashes of the data, the settings and " +
    "the version. tdro work does the jobs, in as many processes as you start " +
    "on machines that share the folder; tdro arena collect makes the arena " +
    "of them, as if it had been run in one go. Strategies and seeds that are " +
    "new to the folder are added as new jobs. Make the plan on a machine " +
    "like those that will work on it: all must use the same backend.",
  examples: [
    {
      about: "Three strategies with five seeds",
      line:
        "tdro arena plan --suite my/suite --strategies tdro,doremi --seeds 1,2,3,4,5 --out plan",
    },
    {
      about: "More seeds for a plan that is there",
      line:
        "tdro arena plan --suite my/suite --strategies tdro,doremi --seeds 6,7 --out plan",
    },
  ],
  options: z.strictObject({
    ...arenaShape,
    out: z.string().min(1).default("plan").meta({ placeholder: "FOLDER" })
      .describe("Folder of the plan, created if missing"),
  }) as unknown as z.ZodType<SharedArenaOptions>,
  operands: [],
  async run(
    { suite: folder, tasks, strategies, backend: name, ...options },
    io,
  ) {
    const { openSuite } = await import("../../../data/mod.ts");
    const { useBackend } = await import("../../../backend/mod.ts");
    const { planArenaJobs } = await import("../../../experiment/mod.ts");
    const rest = await withLocalModels(options, { io });
    const suite = await openSuite(folder, { tasks });
    const backend = await useBackend(name);
    io.note(
      `backend: ${backend.name} on ${backend.device}: ${backend.reason}`,
    );
    const { plan, added } = await io.progress(
      planArenaJobs(suite, strategies, {
        ...rest,
        backend,
        suiteFolder: folder,
        signal: io.signal,
      }),
    );
    io.result(
      { ...plan, added },
      () =>
        line`${plan.folder} has ${plan.lines.length} jobs, ${added} of them new: ${
          plan.strategies.join(", ")
        }; seeds ${
          plan.seeds.join(", ")
        }\nDo them by tdro work ${plan.folder}, in as many processes as you like`,
    );
  },
};
