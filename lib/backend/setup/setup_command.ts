/**
 * The line that sets up the native backend: a task in a checkout, the published
 * command line for people who import the package, who have no such task.
 *
 * @param flags What to add, e.g. `"--cuda"`.
 */
export function setupCommand(flags = ""): string {
  const command = import.meta.url.startsWith("file:")
    ? "deno task setup"
    : "deno run -A jsr:@tdro/tdro/cli setup";
  return `"${[command, flags].filter((part) => part !== "").join(" ")}"`;
}
