/** Programs that start jobs: tests of them are skipped where they are missing. */
import { freePort } from "../../_servers.ts";

/** Runs a program; what it said, on both streams. */
export async function ran(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; said: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    env,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, said: text(stdout) + text(stderr) };
}

function isThere(program: string): boolean {
  if (Deno.build.os === "windows") return false;
  return new Deno.Command("sh", {
    args: ["-c", `command -v ${program}`],
    stdout: "null",
  }).outputSync().success;
}

const required = Deno.env.get("TDRO_REQUIRE_SCHEDULERS") === "1";

/** Whether tests that need GNU parallel are to be left out. */
export const WITHOUT_PARALLEL: boolean = !required && !isThere("parallel");

/** Whether tests that need Slurm are to be left out; it must be root's to start. */
export const WITHOUT_SLURM: boolean = !required &&
  !(Deno.build.os === "linux" && Deno.uid() === 0 &&
    ["munged", "sbatch"].every(isThere));

/** A cluster of this machine alone. */
export interface Cluster extends AsyncDisposable {
  /** What its commands must find in their environment. */
  env: Record<string, string>;
}

/** Starts Slurm, listening on this machine alone. */
export async function startSlurm(folder: string): Promise<Cluster> {
  const host = Deno.hostname().split(".")[0]!;
  const at = `${folder}/slurm`;
  for (const name of ["state", "spool", "munge"]) {
    await Deno.mkdir(`${at}/${name}`, { recursive: true });
  }
  // munged insists on folders that others can't write to.
  await Deno.chmod(folder, 0o755);
  await Deno.writeFile(
    `${at}/munge/key`,
    crypto.getRandomValues(new Uint8Array(128)),
    { mode: 0o600 },
  );
  const [control, node] = [freePort(), freePort()];
  const settings = {
    ClusterName: "tdro",
    SlurmctldHost: `${host}(127.0.0.1)`,
    SlurmUser: "root",
    SlurmdUser: "root",
    AuthInfo: `socket=${at}/munge/socket`,
    CommunicationParameters: "NoInAddrAny",
    SlurmctldPort: control,
    SlurmdPort: node,
    StateSaveLocation: `${at}/state`,
    SlurmdSpoolDir: `${at}/spool`,
    SlurmctldPidFile: `${at}/slurmctld.pid`,
    SlurmdPidFile: `${at}/slurmd.pid`,
    SlurmctldLogFile: `${at}/slurmctld.log`,
    SlurmdLogFile: `${at}/slurmd.log`,
    ProctrackType: "proctrack/linuxproc",
    TaskPlugin: "task/none",
    SelectType: "select/cons_tres",
    SelectTypeParameters: "CR_Core",
    SchedulerParameters: "sched_interval=1,batch_sched_delay=0",
    MpiDefault: "none",
    ReturnToService: 2,
    SlurmdParameters: "config_overrides",
  };
  await Deno.writeTextFile(
    `${at}/slurm.conf`,
    Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
      .concat(
        `NodeName=${host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN\n`,
        "PartitionName=main Nodes=ALL Default=YES State=UP\n",
      ).join(""),
  );
  const env = { SLURM_CONF: `${at}/slurm.conf` };
  const munge = ["key-file", "socket", "pid-file", "log-file", "seed-file"]
    .map((name) => `--${name}=${at}/munge/${name.replace("-file", "")}`);
  for (
    const [program, ...args] of [
      ["munged", "--force", ...munge],
      ["slurmctld", "-i"],
      ["slurmd"],
    ] as [string, ...string[]][]
  ) {
    const { code, said } = await ran(program, args, env);
    if (code !== 0) throw new Error(`${program}: ${said}`);
  }
  return {
    env,
    async [Symbol.asyncDispose]() {
      for (const file of ["slurmd.pid", "slurmctld.pid", "munge/pid"]) {
        const pid = (await Deno.readTextFile(`${at}/${file}`)).trim();
        // It writes to the folder until it has ended.
        const line = `kill ${pid}; while kill -0 ${pid}; do sleep 0.1; done`;
        await ran("timeout", ["20", "sh", "-c", line]);
      }
    },
  };
}
