import assert from "node:assert/strict";
import { parse } from "yaml";
import { z } from "zod";
import { wrapJobs } from "../../../lib/experiment/mod.ts";
import {
  sealJob,
  writeJobPlan,
} from "../../../lib/experiment/jobs/job_plan.ts";
import { ranges } from "../../../lib/experiment/jobs/wrappers/array_work.ts";
import { wavesOf } from "../../../lib/experiment/jobs/wrappers/wrap_jobs.ts";
import { versions } from "../../../lib/experiment/versions.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { ran, WITHOUT_PARALLEL } from "./_schedulers.ts";

/** Works in a folder of its own, whose name a shell must be given with care. */
async function there(body: (folder: string) => Promise<void>): Promise<void> {
  const here = Deno.cwd();
  await inTempFolder(async (folder) => {
    const odd = `${folder}/it's $1 here`;
    await Deno.mkdir(odd);
    Deno.chdir(odd);
    try {
      await body(odd);
    } finally {
      Deno.chdir(here);
    }
  });
}

const PARTS = {
  line: "echo {shard} > part-{index}",
  shards: 3,
  last: "cat part-* > whole",
};
const WHOLE = "1/3\n2/3\n3/3\n";

/** A plan of two seeds, whose jobs nobody can do. */
async function writePlan(folder: string): Promise<void> {
  const sha256 = "0".repeat(64);
  const record = {
    kind: "arena",
    versions: versions(),
    suite: { tasks: [] },
    models: {},
    identity: {
      settings: {},
      suite: { name: "toy", tasks: [], sha256 },
      backend: { name: "wasm", device: "cpu" },
    },
    strategies: ["uniform", "tdro"],
    seeds: [1, 2],
  } as const;
  const lines = [1, 2].flatMap((seed, i) =>
    ["uniform", "tdro"].map((strategy, j) =>
      sealJob({
        index: 2 * i + j,
        job: "arm",
        strategy,
        seed,
        needs: j === 0 ? [] : [2 * i],
        // deno-lint-ignore no-explicit-any
      }, record as any)
    )
  );
  // deno-lint-ignore no-explicit-any
  await writeJobPlan(folder, { ...record, lines } as any);
}

Deno.test("numbers are told as ranges, jobs in groups that need none after them", () => {
  assert.equal(ranges([0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
  assert.equal(ranges([4]), "4");
  const job = (index: number, needs: number[]) => ({
    index,
    needs,
    job: "arm" as const,
    seed: 1,
    sha256: "",
  });
  assert.deepEqual(
    wavesOf([job(0, []), job(1, [0]), job(2, []), job(3, [1, 2])]),
    [[0, 2], [1], [3]],
  );
});

Deno.test({
  name: "GNU parallel does a line in parts, then the last one",
  ignore: WITHOUT_PARALLEL,
  fn: () =>
    there(async (folder) => {
      const { start } = await wrapJobs(PARTS, { scheduler: "parallel" });
      const { code, said } = await ran("bash", ["-c", start]);
      assert.equal(code, 0, said);
      assert.equal(await Deno.readTextFile(`${folder}/whole`), WHOLE);
      const log = await Deno.readTextFile("parallel/jobs.log");
      assert.equal(log.trimEnd().split("\n").length, 3);

      // One that fails is tried again, and said to have failed.
      const line = "echo x >> tried-{index}; test {index} = 0";
      await wrapJobs(
        { ...PARTS, line: `bash -c '${line}'`.replaceAll("'", '"') },
        { scheduler: "parallel", tries: 2, force: true },
      );
      const failed = await ran("bash", ["-c", start]);
      assert.equal(failed.code, 1);
      assert.match(failed.said, /some jobs failed: parallel\/jobs\.log/);
      assert.equal(await Deno.readTextFile("tried-0"), "x\n");
      assert.equal(await Deno.readTextFile("tried-1"), "x\nx\n");
    }),
});

/** What stands for Ray: calls are done at once, failures kept for `get`. */
const RAY = `
def remote(**options):
    assert options["num_cpus"] == 2 and options["num_gpus"] == 1, options
    assert options["max_retries"] == 2 and options["retry_exceptions"], options
    class Call:
        def __init__(self, function): self.function = function
        def remote(self, *args):
            try: return (args, self.function(*args), None)
            except Exception as error: return (args, None, error)
    return Call

def init(): pass
def wait(running, num_returns): return running[:1], running[1:]
def get(result):
    if result[2]: raise result[2]
    return result[1]
`;

Deno.test("the program for Ray does all groups, and tells what failed", () =>
  there(async (folder) => {
    const { start } = await wrapJobs(PARTS, {
      scheduler: "ray",
      cpus: 2,
      gpus: 1,
    });
    await Deno.writeTextFile(`${folder}/ray/ray.py`, RAY);
    const python = (line: string) =>
      ran("bash", ["-c", line.replace(/^python /, "python3 ")]);
    const { code, said } = await python(start);
    assert.equal(code, 0, said);
    assert.match(said, /^job 1 is done$/m);
    assert.equal(await Deno.readTextFile(`${folder}/whole`), WHOLE);
    const line = "test {index} != 1";
    const options = {
      scheduler: "ray",
      cpus: 2,
      gpus: 1,
      force: true,
    } as const;
    await wrapJobs({ ...PARTS, line }, options);
    const failed = await python(start);
    assert.equal(failed.code, 1);
    assert.match(failed.said, /^1 jobs failed: \[1\]$/m);
  }));

const amounts = z.strictObject({
  cpu: z.string(),
  memory: z.string().regex(/^\d+Gi$/).optional(),
  "nvidia.com/gpu": z.string().optional(),
});

/** What a pod of ours may have: names and types as the API has them. */
const podSpec = z.strictObject({
  restartPolicy: z.literal("Never"),
  terminationGracePeriodSeconds: z.int(),
  containers: z.array(z.strictObject({
    name: z.string(),
    image: z.string(),
    workingDir: z.string().startsWith("/"),
    command: z.tuple([z.literal("sh"), z.literal("-c"), z.string()]),
    resources: z.strictObject({ requests: amounts, limits: amounts }),
    volumeMounts: z.array(
      z.strictObject({ name: z.string(), mountPath: z.string() }),
    ),
  })).length(1),
  volumes: z.array(z.strictObject({
    name: z.string(),
    persistentVolumeClaim: z.strictObject({ claimName: z.string() }),
  })),
});
const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/).max(63);
const metadata = z.strictObject({ name: dnsLabel });
const template = z.strictObject({ spec: podSpec });

/** Of batch/v1: what depends on what is in the API's own documentation. */
const jobSchema = z.strictObject({
  apiVersion: z.literal("batch/v1"),
  kind: z.literal("Job"),
  metadata,
  spec: z.strictObject({
    completionMode: z.literal("Indexed"),
    completions: z.int().min(1),
    parallelism: z.int().min(1),
    backoffLimitPerIndex: z.int().min(0),
    podFailurePolicy: z.strictObject({
      rules: z.array(z.union([
        z.strictObject({
          action: z.literal("Ignore"),
          onPodConditions: z.array(
            z.strictObject({ type: z.string(), status: z.enum(["True"]) }),
          ),
        }),
        z.strictObject({
          action: z.literal("FailIndex"),
          onExitCodes: z.strictObject({
            operator: z.enum(["In", "NotIn"]),
            values: z.array(z.int().min(1)),
          }),
        }),
      ])).max(20),
    }),
    template,
  }),
});

/** Of kubeflow.org/v2beta1. */
const mpiJobSchema = z.strictObject({
  apiVersion: z.literal("kubeflow.org/v2beta1"),
  kind: z.literal("MPIJob"),
  metadata,
  spec: z.strictObject({
    slotsPerWorker: z.int(),
    mpiImplementation: z.enum(["OpenMPI", "Intel", "MPICH"]),
    runPolicy: z.strictObject({
      cleanPodPolicy: z.enum(["None", "Running", "All"]),
      backoffLimit: z.int(),
    }),
    mpiReplicaSpecs: z.strictObject({
      Launcher: z.strictObject({ replicas: z.literal(1), template }),
      Worker: z.strictObject({ replicas: z.int(), template }),
    }),
  }),
});

Deno.test("manifests for Kubernetes have the API's fields and no others", () =>
  there(async () => {
    await writePlan("My_Plan");
    const options = {
      scheduler: "kubernetes",
      image: "my/tdro:1",
      memory: 8,
      gpus: 1,
      workdir: "/work",
      force: true,
    } as const;
    const read = async ([file]: string[]) =>
      parse(await Deno.readTextFile(file!));
    const wrapped = await wrapJobs("My_Plan", options);
    const { metadata, spec } = jobSchema.parse(await read(wrapped.files));
    assert.equal(metadata.name, "tdro-my-plan");
    assert.equal(spec.completions, 4);
    const [container] = spec.template.spec.containers;
    assert.equal(container!.workingDir, "/work");
    assert.equal(
      container!.command[2],
      "INDEX=$JOB_COMPLETION_INDEX; exec tdro work My_Plan --index ${INDEX}",
    );
    const mpi = await wrapJobs(
      { line: "tdro train --out {index}", shards: 1 },
      { ...options, mpi: 2 },
    );
    const job = mpiJobSchema.parse(await read(mpi.files));
    assert.equal(job.spec.mpiReplicaSpecs.Worker.replicas, 2);
    const { Launcher } = job.spec.mpiReplicaSpecs;
    assert.match(
      Launcher.template.spec.containers[0]!.command[2],
      /exec mpirun -n 2 tdro train --out \$\{INDEX\}$/,
    );
    await assert.rejects(
      wrapJobs("My_Plan", { ...options, image: undefined }),
      /Kubernetes needs the image of a container .* --image/,
    );
  }));

Deno.test("SkyPilot's task has its fields; nodes share the indexes", () =>
  there(async (folder) => {
    await writePlan("plan");
    const { files } = await wrapJobs(PARTS, {
      scheduler: "skypilot",
      atOnce: 2,
      gpus: 1,
      image: "my/tdro",
    });
    const task = z.strictObject({
      name: z.string(),
      num_nodes: z.literal(2),
      resources: z.strictObject({
        cpus: z.literal("4+"),
        accelerators: z.literal("GPU:1"),
        image_id: z.literal("docker:my/tdro"),
        job_recovery: z.strictObject({ max_restarts_on_errors: z.literal(2) }),
      }),
      volumes: z.record(z.string().startsWith("/"), z.string()),
      run: z.string(),
    }).parse(parse(await Deno.readTextFile(files[0]!)));
    for (const node of ["0", "1"]) {
      const env = { SKYPILOT_NODE_RANK: node, SKYPILOT_NUM_NODES: "2" };
      const { code, said } = await ran("bash", ["-c", task.run], env);
      assert.equal(code, 0, said);
    }
    const parts = [0, 1, 2].map((i) =>
      Deno.readTextFile(`${folder}/part-${i}`)
    );
    assert.equal((await Promise.all(parts)).join(""), WHOLE);
  }));

Deno.test("wrapJobs() names what is wrong", () =>
  there(async () => {
    await writePlan("plan");
    const parallel = { scheduler: "parallel" } as const;
    const wrong: [() => Promise<unknown>, RegExp][] = [
      [() => wrapJobs("nowhere", parallel), /it has no plan\.json/],
      [() => wrapJobs("plan", { ...parallel, atOnce: 0 }), /atOnce: .*>=1/],
      [
        () => wrapJobs("plan", { ...parallel, mpi: 2 }),
        /parallel starts no proce/,
      ],
      [
        () => wrapJobs("plan", { ...parallel, workdir: "a" }),
        /absolute path: got a/,
      ],
      [
        () => wrapJobs({ ...PARTS, line: "echo" }, parallel),
        /must have \{shard\} or \{index\}.*: got echo/,
      ],
      [
        () => wrapJobs({ ...PARTS, shards: 0 }, parallel),
        /shards must be an integer of at least 1: got 0/,
      ],
    ];
    for (const [call, message] of wrong) {
      await assert.rejects(call(), { message });
    }
    await wrapJobs("plan", parallel);
    await assert.rejects(
      wrapJobs("plan", parallel),
      /Cannot write plan\/parallel\/job\.sh: the file exists/,
    );
  }));
