/**
 * The command line that this process was started with, Deno's own flags included:
 * what it was allowed, whoever it starts by it is allowed too, and nothing else.
 *
 * @throws {RangeError} Where the system doesn't tell.
 */
export async function ownCommandLine(): Promise<string[]> {
  // Deno itself reads what is in /proc only with every permission.
  const { success, stdout } = await new Deno.Command("cat", {
    args: [`/proc/${Deno.pid}/cmdline`],
    stderr: "null",
  }).output();
  const words = new TextDecoder().decode(stdout).split("\0").slice(0, -1);
  if (!success || words.length === 0) {
    throw new RangeError(
      "Cannot start workers: only Linux tells a process its own command line; start the command by mpiexec -n",
    );
  }
  return [Deno.execPath(), ...words.slice(1)];
}
