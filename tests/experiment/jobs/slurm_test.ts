import assert from "node:assert/strict";
import { wrapJobs } from "../../../lib/experiment/mod.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { ran, startSlurm, WITHOUT_SLURM } from "./_schedulers.ts";

Deno.test({
  name:
    "Slurm does an array, again what was killed, and last what comes after all",
  ignore: WITHOUT_SLURM,
  fn: () =>
    inTempFolder(async (folder) => {
      await using cluster = await startSlurm(folder);
      const here = Deno.cwd();
      Deno.chdir(folder);
      try {
        const { start } = await wrapJobs({
          line: "./part.sh {index} {shard}",
          shards: 3,
          last: "cat part-* > whole",
        }, { scheduler: "slurm", cpus: 1, atOnce: 2 });
        // The second part is killed the first time.
        await Deno.writeTextFile(
          `${folder}/part.sh`,
          '#!/bin/sh\nif [ $1 = 1 ] && mkdir once 2>/dev/null; then kill -9 $$; fi\necho "$2" > "part-$1"\n',
          { mode: 0o755 },
        );
        // Slurm waits for two minutes before it starts one again.
        const job = await Deno.readTextFile("slurm/job.sbatch");
        await Deno.writeTextFile(
          "slurm/job.sbatch",
          job.replace(
            /(scontrol requeue .*)/,
            '$1\n    (sleep 2; scontrol update JobId="$SLURM_JOB_ID" StartTime=now) >/dev/null 2>&1 &',
          ),
        );
        const { code, said } = await ran("bash", ["-c", start], cluster.env);
        assert.equal(code, 0, said);
        assert.match(said, /^array 1: 3 jobs\njob 2, when all went well: cat/);
        const end = Date.now() + 60_000;
        while (Date.now() < end) {
          const { said } = await ran("squeue", ["-h"], cluster.env);
          if (said === "") break;
          await new Promise((done) => setTimeout(done, 300));
        }
        assert.equal(await Deno.readTextFile("whole"), "1/3\n2/3\n3/3\n");
      } finally {
        Deno.chdir(here);
      }
    }),
});
