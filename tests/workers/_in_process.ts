import { fixedSum, teamOf, type Workers } from "../../lib/workers/mod.ts";
import { fromBfloat16, toBfloat16 } from "../../lib/workers/bfloat16.ts";
import { followWorker } from "../../lib/train/mod.ts";

/** A call that all workers make: what each gave, and when all have. */
interface Meeting {
  given: unknown[];
  count: number;
  met: PromiseWithResolvers<void>;
}

/** Workers within this process, that meet at each call. */
export function inProcess(size: number): Workers[] {
  const meetings: Meeting[] = [];
  const meet = async (at: number, rank: number, given: unknown) => {
    const meeting = meetings[at] ??= {
      given: [],
      count: 0,
      met: Promise.withResolvers(),
    };
    meeting.given[rank] = given;
    if (++meeting.count === size) meeting.met.resolve();
    await meeting.met.promise;
    return meeting.given;
  };
  return Array.from({ length: size }, (_, rank): Workers => {
    let at = 0;
    const all = (given: unknown) => meet(at++, rank, given);
    return {
      rank,
      size,
      carrier: "this process",
      async allReduce(values, { precision } = {}) {
        const round = (numbers: Float32Array) => {
          if (precision === "bfloat16") {
            fromBfloat16(toBfloat16(numbers), numbers);
          }
          return numbers;
        };
        const rows = await all(round(values.slice())) as Float32Array[];
        values.set(round(fixedSum(rows.map((row) => row.slice()))));
      },
      async allGather(bytes) {
        const parts = await all(bytes.slice()) as Uint8Array[];
        return parts.map((part) => part.slice());
      },
      async broadcast(bytes) {
        const [first] = await all(bytes.slice()) as Uint8Array[];
        bytes.set(first!);
      },
      async barrier() {
        await all(undefined);
      },
      async close() {
        await all(undefined);
      },
      abort(code) {
        throw new Error(`worker ${rank} aborted with ${code}`);
      },
    };
  });
}

/** Does some work as worker 0, the others following. */
export async function leading<T>(
  size: number,
  work: (workers: Workers) => Promise<T>,
): Promise<T> {
  const [leader, ...others] = inProcess(size) as [Workers, ...Workers[]];
  const following = Promise.all(others.map(followWorker));
  try {
    return await work(leader);
  } finally {
    await teamOf(leader).close();
    await following;
  }
}
