import assert from "node:assert/strict";
import { ROOT } from "../_paths.ts";
import { inTempFolder } from "../_temp_folder.ts";
import type { Outcome } from "../cli/_capture.ts";

const PAGE = `${ROOT}/docs/tour.md`;

/** A block of the page: a command line, and what it prints below. */
const BLOCK = /^```console\n\$ (.+)\n([\s\S]*?)^```$/gm;

/** A command of the page, and how much of its output the page shows. */
interface Line {
  words: string[];
  show: (lines: string[]) => string[];
}

/** Reads `tdro … "some text" | head -3`. */
function readLine(text: string): Line {
  const [command, filter = ""] = text.split(" | ");
  const words = command!.match(/"[^"]*"|\S+/g)!
    .map((word) => word.replaceAll('"', ""));
  const [, end, count] = /^(head|tail) -(\d+)$/.exec(filter) ?? [];
  const some = Number(count);
  assert.equal(words.shift(), "tdro", text);
  return {
    words,
    show: (lines) =>
      end === "head"
        ? lines.slice(0, some)
        : end === "tail"
        ? lines.slice(-some)
        : lines,
  };
}

/** What a command prints, less trailing blanks; of one that refuses, the error. */
function shown(line: Line, { out, err, code }: Outcome): string {
  const text = code === 0 ? out : err.slice(err.indexOf("error: "));
  return line.show(text.trimEnd().split("\n")).map((row) =>
    `${row.trimEnd()}\n`
  )
    .join("");
}

/**
 * The words of an output. Numbers and the widths of columns may differ: the last
 * digits are the machine's.
 */
function wordsOf(text: string): string {
  return text.replace(/[−+]?\d+(\.\d+)?(e[−+]?\d+)?/g, "#")
    .replace(/\b[0-9a-f#]{6,}…/g, "#")
    .replace(/-{2,}|–/g, "").replace(/\s+/g, " ");
}

/** Runs the lines in the folder, in a process of their own. */
async function runLines(folder: string, lines: Line[]): Promise<Outcome[]> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--config", `${ROOT}/deno.json`],
      `${ROOT}/tests/cli/_granted.ts`,
      JSON.stringify(lines.map(({ words }) => words)),
    ],
    cwd: folder,
    env: { TDRO_BACKEND: "wasm", TDRO_WASM_THREADS: "1", NO_COLOR: "1" },
  }).output();
  const printed = new TextDecoder().decode(stdout).trimEnd();
  assert.ok(printed, new TextDecoder().decode(stderr));
  return JSON.parse(printed.slice(printed.lastIndexOf("\n") + 1));
}

Deno.test("the commands of docs/tour.md print what the page shows", async () => {
  const page = await Deno.readTextFile(PAGE);
  const blocks = [...page.matchAll(BLOCK)];
  assert.ok(blocks.length >= 10);
  const lines = blocks.map(([, command]) => readLine(command!));
  await inTempFolder(async (folder) => {
    await Deno.mkdir(`${folder}/examples`);
    await Deno.copyFile(
      `${ROOT}/examples/faq.csv`,
      `${folder}/examples/faq.csv`,
    );
    const outcomes = await runLines(folder, lines);
    const outputs = lines.map((line, i) => shown(line, outcomes[i]!));
    // TDRO_WRITE_TOUR=1 puts what is printed today into the page.
    if (Deno.env.get("TDRO_WRITE_TOUR") === "1") {
      let at = 0;
      await Deno.writeTextFile(
        PAGE,
        page.replace(
          BLOCK,
          (_, command) => `\`\`\`console\n$ ${command}\n${outputs[at++]}\`\`\``,
        ),
      );
      return;
    }
    for (const [i, [, command, output]] of blocks.entries()) {
      assert.equal(wordsOf(outputs[i]!), wordsOf(output!), command);
    }
  });
});
