import { MemorySink } from "../assemble/memory_sink.ts";
import { selfShowing } from "../../report/notebook/mod.ts";
import type { Task } from "../types.ts";
import { readTasks } from "./read_tasks.ts";
import type { Table } from "./table.ts";
import type { ParsedTableTaskOptions } from "./table_options.ts";

/** Reads a table into a single task, in memory. */
export async function readTask(
  table: Table,
  options: ParsedTableTaskOptions,
  { name, source }: { name: string; source: string },
): Promise<Task> {
  const sink = new MemorySink();
  const { tasks } = await readTasks(table, options, { sink: () => sink });
  const { builder } = tasks.get("")!;
  const built = await builder.finish(options.name ?? name, source);
  return selfShowing(sink.task(built));
}
