/**
 * A program that runs command lines, one after the other, with the permissions that
 * it was given: its argument lists the lines, the last line of its output what came
 * of them.
 */
import { tdro } from "./_capture.ts";

const outcomes = [];
for (const words of JSON.parse(Deno.args[0]!)) {
  outcomes.push(await tdro(...words));
}
console.log(JSON.stringify(outcomes));
