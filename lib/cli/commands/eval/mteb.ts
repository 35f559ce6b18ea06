import { join } from "node:path";
import { readTextIfThere } from "../../../base/files/read_text.ts";
import type { Suite } from "../../../data/mod.ts";
import type { EvalReport, TaskReport } from "../../../eval/mod.ts";

/** Writes a report as MTEB's result files. */
export async function writeMteb(
  report: EvalReport,
  { folder, suite, force }: {
    folder: string;
    /** The suite; a benchmark's report has the languages itself. */
    suite: Suite | undefined;
    force: boolean;
  },
): Promise<void> {
  const { mtebResults } = await import("../../../eval/mod.ts");
  const { writeWhole } = await import("../../../data/mod.ts");
  const tasks: (TaskReport & { language?: string })[] = report.tasks;
  const languages = tasks.map(({ language }, k) =>
    suite?.tasks[k]?.language ?? language ?? "und"
  );
  const files = mtebResults(report, { languages }).map(({ path, content }) => ({
    path: join(folder, path),
    text: `${JSON.stringify(content, null, 2)}\n`,
  }));
  for (const { path, text } of files) {
    const before = force ? undefined : await readTextIfThere(path);
    if (before === undefined || undated(before) === undated(text)) continue;
    throw new RangeError(
      `Cannot write ${path}: it holds another result; choose another ` +
        "folder with --mteb, or replace it with --force",
    );
  }
  for (const { path, text } of files) await writeWhole(path, text);
}

/** The same result was measured at two times. */
function undated(text: string): string {
  return text.replace(/^ {2}"date": .*$/m, "");
}
