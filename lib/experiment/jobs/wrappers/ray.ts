import { shellWord } from "../../../base/shell_word.ts";
import { type ArrayWork, shellLine, type Wrapper } from "./array_work.ts";
import type { WrapperOptions } from "./wrapper_options.ts";

/** A program for Ray: a remote call for each job. */
export function rayWrapper(
  work: ArrayWork,
  options: WrapperOptions,
): Wrapper {
  return {
    files: [{ name: "run.py", text: program(work, options) }],
    start: `python ${shellWord(work.folder)}/run.py`,
    needs: [
      "Ray must be installed; on a cluster, set RAY_ADDRESS",
      "the working folder must be the same on all machines",
    ],
  };
}

function program(
  work: ArrayWork,
  { cpus, gpus, memory, tries, atOnce }: WrapperOptions,
): string {
  const resources = [
    `num_cpus=${cpus}`,
    ...gpus > 0 ? [`num_gpus=${gpus}`] : [],
    ...memory ? [`memory=${memory} * 2**30`] : [],
    `max_retries=${tries - 1}`,
    "retry_exceptions=True",
  ].join(", ");
  const text = (value: string) => JSON.stringify(value);
  return `"""Does all jobs on a Ray cluster. To be run again for what failed: what is done is
left alone."""
import os
import subprocess
import sys

import ray

FOLDER = ${text(work.cwd)}
LINE = ${text(shellLine(work))}
LAST = ${work.last === undefined ? "None" : text(work.last)}
# Each group needs nothing but those before it.
GROUPS = ${JSON.stringify(work.waves)}
AT_ONCE = ${atOnce}


@ray.remote(${resources})
def job(index):
    subprocess.run(
        ["bash", "-c", LINE],
        cwd=FOLDER,
        env={**os.environ, "INDEX": str(index)},
        check=True,
    )
    return index


def group_done(indexes):
    """Does the jobs of a group, so many at once; gives those that failed."""
    waiting = list(indexes)
    running, failed = {}, []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            index = waiting.pop(0)
            running[job.remote(index)] = index
        [ready], _ = ray.wait(list(running), num_returns=1)
        index = running.pop(ready)
        try:
            ray.get(ready)
            print(f"job {index} is done", flush=True)
        except Exception as error:
            print(f"job {index} failed: {error}", file=sys.stderr, flush=True)
            failed.append(index)
    return failed


ray.init()
failed = [index for group in GROUPS for index in group_done(group)]
if failed:
    sys.exit(f"{len(failed)} jobs failed: {failed}")
if LAST is not None:
    subprocess.run(["bash", "-c", LAST], cwd=FOLDER, check=True)
`;
}
