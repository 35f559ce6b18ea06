/** Names such as the default suite has, in no order. */
export const TASKS = [
  "ts-messages-en-ja",
  "ts-messages-en-de",
  "dom-prose",
  "node-api",
  "deno-jsdoc",
  "vega-schema",
  "tfjs-docs",
  "ts-diagnostics",
  "git-commits",
  "json-paths",
];

/** Names that would do harm where they aren't escaped. */
export const HOSTILE = [
  "<script>alert(1)</script>",
  "</style><img src=x onerror=alert(1)>",
  "]]>\"'`&<!-- ",
  "a\u0000b\u001b[31m",
  "lone \ud800 surrogate",
  '"],"x":["',
  "${1} \\u003c datum['a.b'].c",
  "日本語の課題",
];

/** A weight a step and task; the tasks move apart at constant rates. */
export function weightSteps(tasks: readonly string[], steps: number) {
  const rows: { step: number; task: string; weight: number }[] = [];
  for (let step = 0; step <= steps; step++) {
    const grown = tasks.map((_, k) =>
      Math.exp(0.5 * (k / tasks.length) * step / steps)
    );
    const total = grown.reduce((sum, g) => sum + g, 0);
    tasks.forEach((task, k) =>
      rows.push({ step, task, weight: grown[k]! / total })
    );
  }
  return rows;
}

/** Results whose numbers are exact in binary, so that sums are exact too. */
export function resultRows(tasks: readonly string[]) {
  return tasks.map((task, k) => ({
    task,
    size: 100 * (k + 1),
    weight: (k + 1) / 64,
    uniform: 0.25 + k / 256,
    reweighted: 0.25 + k / 128,
    top: k % 4 === 3 ? null : 0.5,
  }));
}

/** The same results, a row a measurement. */
export function ndcgRows(tasks: readonly string[]) {
  return resultRows(tasks).flatMap((row) =>
    (["uniform", "reweighted", "top"] as const).map((arm) => ({
      task: row.task,
      arm,
      ndcg: row[arm],
    }))
  );
}
