/**
 * Two workers on one core each against one on one core: the same batches of the same
 * model, in turn, so that what else the machine does meets both alike. By hand, after
 * `tdro setup --mpi --minilm`:
 *
 * deno run -A tests/bench/workers.ts [model] [rounds]
 */
import { cpuUsage } from "node:process";
import { mpiLauncher } from "../../lib/base/files/mpi_folder.ts";
import { useBackend } from "../../lib/backend/mod.ts";
import { loadEncoder } from "../../lib/model/mod.ts";
import { type Batch, batches } from "../../lib/sampling/mod.ts";
import { followWorker, infoNce, train } from "../../lib/train/mod.ts";
import {
  openMpi,
  outerLauncher,
  teamOf,
  type Workers,
} from "../../lib/workers/mod.ts";

const [model = ".cache/models/all-MiniLM-L6-v2", rounds = "5"] = Deno.args;

/** Texts of about 100 words out of 2,000. */
function rows(count: number) {
  let state = 1;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const text = (words: number) =>
    Array.from({ length: words }, () => `w${Math.floor(next() * 2000)}`)
      .join(" ");
  const passage = (id: string) => ({ id, text: text(20 + 30 * next()) });
  return Array.from({ length: count }, (_, i) => ({
    domain: 0,
    query: { id: `q${i}`, text: text(5) },
    positives: [passage(`p${i}`)],
    negatives: [1, 2, 3].map((n) => passage(`n${i}-${n}`)),
  }));
}

async function measure(workers: Workers): Promise<void> {
  const encoder = await loadEncoder(model);
  const drawn = [
    ...batches([rows(320)], [1], { size: 32, passages: 4, seed: 1, count: 10 }),
  ];
  const seconds = async (part: Batch[], among?: Workers) => {
    const steps = train(encoder, part, {
      loss: infoNce(),
      learningRate: 1e-5,
      workers: among,
    });
    const times: number[] = [];
    let before = cpuUsage();
    for await (const step of steps) {
      const { user, system } = cpuUsage(before);
      busy = (user + system) / 1e6;
      times.push(step.seconds);
      before = cpuUsage();
    }
    return times;
  };
  const one: number[] = [];
  const two: number[] = [];
  /** Seconds of the processor of the last update, waiting in MPI included. */
  let busy = 0;
  let [busyOne, busyTwo] = [Infinity, Infinity];
  await seconds(drawn.slice(0, 1));
  await seconds(drawn.slice(0, 1), workers);
  for (let round = 0; round < Number(rounds); round++) {
    const part = drawn.slice(2 * (round % 5), 2 * (round % 5) + 2);
    one.push(...await seconds(part));
    busyOne = Math.min(busyOne, busy);
    two.push(...await seconds(part, workers));
    busyTwo = Math.min(busyTwo, busy);
  }
  await teamOf(workers).close();
  const median = (list: number[]) =>
    list.sort((a, b) => a - b)[list.length >> 1]!;
  console.log(
    `one worker: ${median(one).toFixed(2)} s an update (best ${
      one[0]!.toFixed(2)
    }); ` +
      `${workers.size}: ${median(two).toFixed(2)} (best ${
        two[0]!.toFixed(2)
      }); ` +
      `${(median(one) / median(two)).toFixed(2)} times as fast (best ${
        (one[0]! / two[0]!).toFixed(2)
      }); processor of worker 0: ${busyOne.toFixed(2)} s alone, ${
        busyTwo.toFixed(2)
      } among them`,
  );
}

const launcher = outerLauncher();
if (!launcher) {
  const { code } = await new Deno.Command(mpiLauncher(), {
    args: ["-n", "2", Deno.execPath(), "run", "-A", "--no-check"].concat(
      [new URL(import.meta.url).pathname, ...Deno.args],
    ),
    env: {
      UCX_TLS: "self,posix,sysv,cma",
      TF_NUM_INTRAOP_THREADS: "1",
      OMP_NUM_THREADS: "1",
      TDRO_THREADS: "1",
      TDRO_WASM_THREADS: "1",
    },
  }).output();
  Deno.exit(code);
}
// Each on a core of its own, before anything counts them.
await new Deno.Command("taskset", {
  args: ["-apc", `${launcher.rank}`, `${Deno.pid}`],
  stdout: "null",
}).output();
await useBackend();
const workers = await openMpi({ expected: launcher.size });
if (workers.rank > 0) await followWorker(workers);
else await measure(workers);
