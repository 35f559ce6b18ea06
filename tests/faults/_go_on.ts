/**
 * Runs a command line in one folder after the other, and prints a line of JSON
 * for each: its exit code and what it complained of. Each has the same path as long
 * as it is its turn: some files hold where they are.
 *
 * Usage: deno run -A _go_on.ts PATH FOLDER… -- WORD…
 */
import { runWords } from "./_run_words.ts";

const at = Deno.args.indexOf("--");
const [path, ...folders] = Deno.args.slice(0, at) as [string, ...string[]];
for (const folder of folders) {
  await Deno.rename(folder, path);
  Deno.chdir(path);
  console.log(JSON.stringify(await runWords(Deno.args.slice(at + 1))));
  await Deno.rename(path, folder);
}
