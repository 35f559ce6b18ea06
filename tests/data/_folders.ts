import type { Suite, Task } from "../../lib/data/mod.ts";

export { inTempFolder } from "../_temp_folder.ts";

/** Writes files, given by their paths inside the folder. */
export async function writeFiles(
  folder: string,
  files: Record<string, string | Uint8Array | undefined>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue;
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeFile(path, content);
  }
}

/** Files of a small task that is all right. */
export const GOOD: Record<string, string> = {
  "corpus.jsonl":
    '{"_id":"p1","title":"Capitals","text":"Paris"}\n{"_id":"p2","text":"Rome"}\n',
  "queries.jsonl":
    '{"_id":"q1","text":"France?"}\n{"_id":"q2","text":"Italy?"}\n',
  "qrels/train.tsv": "query-id\tcorpus-id\tscore\nq1\tp1\t1\nq1\tp2\t0\n",
  "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq2\tp2\t2\n",
};

/** The task that {@linkcode GOOD} holds. */
export function goodTask(name: string): Task {
  return {
    name,
    prompt: "",
    language: "und",
    kind: "unknown",
    license: "unstated",
    source: "",
    corpus: new Map([
      ["p1", { id: "p1", title: "Capitals", text: "Paris" }],
      ["p2", { id: "p2", text: "Rome" }],
    ]),
    queries: new Map([
      ["q1", { id: "q1", text: "France?" }],
      ["q2", { id: "q2", text: "Italy?" }],
    ]),
    qrels: {
      train: new Map([["q1", new Map([["p1", 1], ["p2", 0]])]]),
      test: new Map([["q2", new Map([["p2", 2]])]]),
    },
  };
}

/** A suite of one task. */
export function goodSuite(name = "toy"): Suite {
  return { name: "demo", tasks: [goodTask(name)] };
}
