import assert from "node:assert/strict";
import { fail } from "../../lib/cli/fail.ts";
import { systemFault } from "../../lib/cli/system_fault.ts";
import { tempFolder } from "../_temp_folder.ts";

/**
 * The error of some work that the system refuses, in a process with all
 * permissions: with fewer, Deno opens no device and names no path for some errors.
 */
async function refusal(work: string): Promise<Error> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `try { ${work}; } catch ({ message, code }) {
        console.log(JSON.stringify({ message, code }));
      }`,
    ],
  }).output();
  const { message, code } = JSON.parse(new TextDecoder().decode(stdout));
  return Object.assign(new Error(message), { code });
}

function told(error: unknown): { code: number; text: string } {
  let text = "";
  const code = fail(error, {
    out: () => {},
    err: (part) => text += part,
    terminal: false,
    color: false,
    columns: 80,
    signal: new AbortController().signal,
  });
  return { code, text };
}

Deno.test("what the system refuses is one line with the path, exit 2", async () => {
  const folder = await tempFolder();
  const file = `${folder}/file`;
  await Deno.writeTextFile(file, "");
  const inner = `${folder}/inner`;
  await Deno.mkdir(inner);
  const long = `${folder}/${"n".repeat(300)}`;
  const call = (name: string, ...words: string[]) =>
    refusal(`Deno.${name}(${words.map((word) => JSON.stringify(word))})`);
  const cases: [error: Error, says: RegExp][] = [
    [
      await call("readTextFileSync", folder),
      /^error: Cannot read \S+: it is a folder where a file is expected \(EISDIR\)\n$/,
    ],
    [
      await call("readTextFileSync", `${file}/x`),
      /^error: Cannot read \S+\/file\/x: a part of the path is a file/,
    ],
    [
      await call("writeTextFileSync", long, ""),
      /^error: Cannot write \S+n{300}: the name is too long/,
    ],
    [
      await call("renameSync", file, inner),
      /^error: Cannot write \S+\/file to \S+: it is a folder/,
    ],
    [
      Object.assign(new Error("Not a directory (os error 20)"), {
        code: "ENOTDIR",
      }),
      /^error: Cannot read or write a file: a part of the path is a file/,
    ],
    [
      Object.assign(new Error("Permission denied (os error 13): mkdir '/x'"), {
        code: "EACCES",
      }),
      /^error: Cannot write \/x: you may not; .* \(EACCES\)\n$/,
    ],
  ];
  if (Deno.build.os === "linux") {
    cases.push([
      await call("writeTextFileSync", "/dev/full", "x"),
      /^error: Cannot write \/dev\/full: the disk is full; free some space, then run the same command again \(ENOSPC\)\n$/,
    ]);
  }
  for (const [error, says] of cases) {
    const { code, text } = told(error);
    assert.match(text, says);
    assert.equal(text.split("\n").length, 2);
    assert.equal(code, 2);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a file that we look for and that isn't there may be a bug", async () => {
  const error = await refusal("Deno.readTextFileSync('no/such/file')");
  assert.equal(systemFault(error), undefined);
  assert.equal(told(error).code, 1);
});
