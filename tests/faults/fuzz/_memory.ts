/** Bytes of this process in memory now; its peak begins anew. */
export function memoryNow(): number {
  if (Deno.build.os !== "linux") return 0;
  Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  return statusLine("VmRSS");
}

/** The most bytes in memory since {@linkcode memoryNow}; 0 where nobody tells. */
export function peakMemory(): number {
  return Deno.build.os === "linux" ? statusLine("VmHWM") : 0;
}

function statusLine(name: string): number {
  const text = Deno.readTextFileSync("/proc/self/status");
  return 1024 * Number(new RegExp(`${name}:\\s*(\\d+)`).exec(text)![1]);
}
