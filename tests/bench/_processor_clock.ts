/**
 * A clock of the processor time of this process, all threads, in milliseconds: what
 * other programs take doesn't count. Elsewhere than on Linux, the wall's.
 */
export function processorClock(): () => number {
  if (Deno.build.os !== "linux") return () => performance.now();
  const { symbols } = Deno.dlopen("libc.so.6", {
    clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  });
  const CLOCK_PROCESS_CPUTIME_ID = 2;
  const time = new BigInt64Array(2); // seconds, nanoseconds
  return () => {
    symbols.clock_gettime(CLOCK_PROCESS_CPUTIME_ID, time);
    return 1e3 * Number(time[0]!) + Number(time[1]!) / 1e6;
  };
}
