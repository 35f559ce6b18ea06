import { shellWord } from "../../../base/shell_word.ts";
import { type ArrayWork, shellLine, type Wrapper, YAML } from "./array_work.ts";
import type { WrapperOptions } from "./wrapper_options.ts";

/**
 * A task of SkyPilot on so many nodes. Each takes its own share of the indexes, one
 * after the other; the work itself waits for what an index needs.
 */
export async function skypilotWrapper(
  work: ArrayWork,
  { atOnce, cpus, gpus, memory, image, volume, tries }: WrapperOptions,
): Promise<Wrapper> {
  const { stringify } = await import("yaml");
  const { name, cwd, count } = work;
  const task = {
    name,
    num_nodes: Math.min(count, atOnce),
    resources: {
      cpus: `${cpus}+`,
      ...memory ? { memory: `${memory}+` } : {},
      ...gpus > 0 ? { accelerators: `GPU:${gpus}` } : {},
      ...image ? { image_id: `docker:${image}` } : {},
      job_recovery: { max_restarts_on_errors: tries - 1 },
    },
    volumes: { [cwd]: volume },
    run: `cd ${shellWord(cwd)}
failed=0
for ((INDEX = SKYPILOT_NODE_RANK; INDEX < ${count}; INDEX += SKYPILOT_NUM_NODES)); do
  ${shellLine(work)} || failed=1
done
exit $failed
`,
  };
  const file = `${shellWord(work.folder)}/task.yaml`;
  return {
    files: [{ name: "task.yaml", text: stringify(task, YAML) }],
    start: `sky jobs launch ${file}`,
    needs: [
      `the volume ${volume} must be one that many nodes may write to, not a bucket; what is here must be in it, as ${cwd}`,
      ...gpus > 0 ? ["put the name of your GPU for GPU in task.yaml"] : [],
      ...work.last === undefined ? [] : [`when it has ended: ${work.last}`],
    ],
  };
}
