import { shellWord } from "../../../base/shell_word.ts";
import { type ArrayWork, shellLine, type Wrapper, YAML } from "./array_work.ts";
import type { WrapperOptions } from "./wrapper_options.ts";

/** Exit code of what a user must mend: to try again won't help. */
const USER = 2;

/** Seconds that a pod has to save a checkpoint before it is killed. */
const NOTICE = 120;

/** An Indexed Job; with several processes a job, one MPIJob for each. */
export async function kubernetesWrapper(
  work: ArrayWork,
  options: WrapperOptions,
): Promise<Wrapper> {
  const { stringify } = await import("yaml");
  const { image, volume, mpi } = options;
  if (image === undefined) {
    throw new RangeError(
      "Cannot write the wrapper: Kubernetes needs the image of a container in which tdro is installed; name it with --image",
    );
  }
  const documents = mpi > 1
    ? work.waves.flat().map((index) => mpiJob(work, index, options))
    : [indexedJob(work, options)];
  const text = documents.map((document) => stringify(document, YAML)).join(
    "---\n",
  );
  const file = `${shellWord(work.folder)}/job.yaml`;
  return {
    files: [{ name: "job.yaml", text }],
    start: `kubectl apply -f ${file}`,
    needs: [
      `the claim ${volume} must be of a volume that many pods may write to (ReadWriteMany); what is here must be in it, as ${work.cwd}`,
      ...mpi > 1
        ? [
          "Kubeflow's MPI operator must be installed, and the image must have MPICH and an SSH server",
        ]
        : [],
      ...work.last === undefined
        ? []
        : [`when the job is complete: ${work.last}`],
    ],
  };
}

/** A pod for each index; the work itself waits for what an index needs. */
function indexedJob(
  work: ArrayWork,
  options: WrapperOptions,
): Record<string, unknown> {
  const { name, count } = work;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: {
      completionMode: "Indexed",
      completions: count,
      parallelism: Math.min(count, options.atOnce),
      backoffLimitPerIndex: options.tries - 1,
      podFailurePolicy: {
        rules: [
          // A pod that had to make room is no failure.
          {
            action: "Ignore",
            onPodConditions: [{ type: "DisruptionTarget", status: "True" }],
          },
          {
            action: "FailIndex",
            onExitCodes: { operator: "In", values: [USER] },
          },
        ],
      },
      template: {
        spec: pod({
          ...work,
          line: `INDEX=$JOB_COMPLETION_INDEX; exec ${shellLine(work)}`,
        }, options),
      },
    },
  };
}

/** A launcher, and the workers whose processes it starts. */
function mpiJob(
  work: ArrayWork,
  index: number,
  options: WrapperOptions,
): Record<string, unknown> {
  const { mpi } = options;
  const line = `INDEX=${index}; exec mpirun -n ${mpi} ${shellLine(work)}`;
  const launcher = pod({ ...work, line }, { ...options, cpus: 1, gpus: 0 });
  const worker = pod({ ...work, line: "exec /usr/sbin/sshd -De" }, options);
  return {
    apiVersion: "kubeflow.org/v2beta1",
    kind: "MPIJob",
    metadata: { name: `${work.name}-${index}` },
    spec: {
      slotsPerWorker: 1,
      mpiImplementation: "MPICH",
      runPolicy: {
        cleanPodPolicy: "Running",
        backoffLimit: options.tries - 1,
      },
      mpiReplicaSpecs: {
        Launcher: { replicas: 1, template: { spec: launcher } },
        Worker: { replicas: mpi, template: { spec: worker } },
      },
    },
  };
}

function pod(
  { cwd, line }: ArrayWork,
  { image, cpus, gpus, memory, volume }: WrapperOptions,
): Record<string, unknown> {
  const amounts = {
    cpu: `${cpus}`,
    ...memory ? { memory: `${memory}Gi` } : {},
    ...gpus > 0 ? { "nvidia.com/gpu": `${gpus}` } : {},
  };
  return {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: NOTICE,
    containers: [{
      name: "tdro",
      image,
      workingDir: cwd,
      command: ["sh", "-c", line],
      resources: { requests: amounts, limits: amounts },
      volumeMounts: [{ name: "shared", mountPath: cwd }],
    }],
    volumes: [{
      name: "shared",
      persistentVolumeClaim: { claimName: volume },
    }],
  };
}
