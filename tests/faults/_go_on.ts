/**
 * Runs a command line in one folder after the other, and prints a line of JSON
 * for each: its exit code and what it complained of.
 *
 * Usage: deno run -A _go_on.ts FOLDER… -- WORD…
 */
import { runWords } from "./_run_words.ts";

const at = Deno.args.indexOf("--");
for (const folder of Deno.args.slice(0, at)) {
  Deno.chdir(folder);
  console.log(JSON.stringify(await runWords(Deno.args.slice(at + 1))));
}
