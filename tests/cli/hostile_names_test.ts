/**
 * Names from outside (of tasks, ids, files, arguments) through the command line:
 * none of them commands the terminal or forges a line.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { commandLine } from "../../lib/cli/command_line.ts";
import { main } from "../../lib/cli/main.ts";
import { renderProgress } from "../../lib/cli/progress.ts";
import { type Suite, writeSuite } from "../../lib/data/mod.ts";
import { toySuite } from "../_toy_suite.ts";
import { captured, type Outcome, tdro } from "./_capture.ts";
import { inTempFolder, tempFolder } from "../_temp_folder.ts";

/** Begins a line that a name would have made by itself. */
const FORGED = "FORGED";

/** Texts that a terminal would obey, and some that shells would. */
const name = fc.array(
  fc.constantFrom(
    ...["\u001b[2J", "\u001b]0;title\u0007", "\u009b31m", "\u007f", "\b"],
    ...[`a\n${FORGED}`, `a\r${FORGED}`, `a\u2028${FORGED}`],
    ...["\u202e", "\u2066", "\u0000", "\ud800", "\t", "é", "語", "a", "b"],
    ...["'", '"', "`", "$(x)", "\\", "__proto__", "constructor"],
  ),
  { minLength: 1, maxLength: 6 },
).map((parts) => parts.join(""));

/** The same, where the files' form leaves no room for line ends. */
const id = name.map((text) => text.replace(/[\t\n\r\0\ud800]/g, "")).filter(
  (text) => text.trim() !== "",
);

/** What is wrong with a text for a terminal: nothing, in the end. */
function danger(text: string): string | undefined {
  const [mark] = /[^\P{Cc}\n\t]|[\u2028-\u202e\u2066-\u2069]/u.exec(text) ?? [];
  if (mark !== undefined) return JSON.stringify(mark);
  return text.split("\n").find((line) => line.startsWith(FORGED));
}

/** The outcome, if nothing of it is a danger. */
async function safe(...words: string[]): Promise<Outcome> {
  const outcome = await tdro(...words);
  const { code, out, err } = outcome;
  const line = `${JSON.stringify(words)}: ${out}${err}`;
  assert.equal(danger(out + err), undefined, line);
  // `data check` exits 1 when it finds a problem.
  assert.ok(code === 0 || code === 2 || words[1] === "check", line);
  assert.doesNotMatch(err, /bug in tdro/);
  return outcome;
}

/** Command lines about something that isn't there, or isn't what it should be. */
const MISTAKEN: ((name: string, folder: string) => string[])[] = [
  (name) => [name],
  (name) => ["data", name],
  (name) => ["version", `--${name}`],
  (name) => ["version", name],
  (name) => ["version", `--json=${name}`],
  (name) => ["completion", name],
  (name) => ["doctor", "--config", name],
  (name) => ["data", "check", name],
  (name) => ["data", "list", name],
  (name, folder) => ["data", "import", name, "--out", join(folder, "new")],
  (name, folder) => ["data", "check", join(folder, "suite"), "--tasks", name],
  (name, folder) => ["data", "clean", join(folder, "suite", name)],
  (name) => ["score", "--qrels", name, "--run", name],
  (name) => ["weights", "show", name],
  (name) => ["weights", "select", name, "--out", `${name}2`],
  (name) => ["weights", "explain", name],
  (name) => ["weights", "replay", name],
  (name) => ["eval", "diff", name, name],
  (name, folder) =>
    ["eval", "--suite", join(folder, "suite")].concat(
      ["--backend", "cpu", "--model", name],
    ),
  (name) => ["model", "info", name],
  (name) => ["report", name],
  (name) => ["plots", name],
  (name) => ["run", "--suite", name],
  (name, folder) => ["serve", name, "--suite", join(folder, "suite")],
  (
    name,
    folder,
  ) => ["search", "--suite", join(folder, "suite"), "--bm25", name],
  (name, folder) =>
    ["search", "--suite", join(folder, "suite"), "--bm25"].concat(
      ["--task", name, "x"],
    ),
  (name, folder) => ["train", "--suite", join(folder, "suite"), "--loss", name],
  (name, folder) =>
    ["arena", "--suite", join(folder, "suite")].concat(
      ["--strategies", `uniform,${name}`, "--out", join(folder, "arena")],
    ),
  (name, folder) => ["mine", "--suite", join(folder, "suite"), "--tasks", name],
  (name, folder) =>
    ["eval", "--suite", join(folder, "suite"), "--bm25"].concat(
      ["--metrics", name],
    ),
];

Deno.test("no argument commands the terminal, whatever the command says of it", () =>
  inTempFolder(async (folder) => {
    await writeSuite(toySuite(), join(folder, "suite"));
    await fc.assert(
      fc.asyncProperty(
        name,
        fc.constantFrom(...MISTAKEN),
        fc.boolean(),
        async (name, words, json) => {
          const { code, err } = await safe(
            ...words(name, folder),
            ...(json ? ["--json"] : []),
          );
          if (code === 2) assert.match(err, /(?:^|\n)error: [^\n]+\n$/);
        },
      ),
      { numRuns: 200 },
    );
  }));

/** A suite with hostile ids and texts. */
function hostileSuite(ids: readonly string[], text: string): Suite {
  const [first] = toySuite().tasks;
  const corpus = new Map(ids.map((id) => [id, { id, title: text, text }]));
  const queries = new Map(ids.map((id) => [id, { id, text }]));
  const judged = new Map(ids.map((id) => [id, new Map([[id, 1]])]));
  const task = { ...first!, prompt: text, license: text, corpus, queries };
  const qrels = { train: judged, test: judged };
  return { name: text, tasks: [{ ...task, name: "__proto__", qrels }] };
}

Deno.test("no id, text or task commands the terminal in what a command finds", () =>
  fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(id, { minLength: 2, maxLength: 5 }),
      fc.uniqueArray(name, { minLength: 2, maxLength: 4 }),
      (ids, names) =>
        inTempFolder(async (folder) => {
          const at = (file: string) => join(folder, file);
          await writeSuite(hostileSuite(ids, names[0]!), at("suite"));
          await safe("data", "check", at("suite"));
          await safe("data", "clean", at("suite"), "--out", at("clean"));
          await safe("mine", "--suite", at("suite"), "--preview", "2");
          const bm25 = ["eval", "--suite", at("suite"), "--bm25"];
          await safe(...bm25, "--out", at("e.json"));
          await safe("eval", "diff", at("e.json"), at("e.json"));

          await Deno.writeTextFile(at("w.json"), weightFile(names));
          const shown = await safe("weights", "show", at("w.json"), "--json");
          assert.deepEqual(
            JSON.parse(shown.out).map(({ task }: { task: string }) => task)
              .sort(),
            // What is no Unicode has no place in a file.
            names.map((name) => name.toWellFormed()).sort(),
          );
          await safe("weights", "show", at("w.json"));
          const select = ["weights", "select", at("w.json"), "--top", "100"];
          await safe(...select, "--out", at("top.json"));
          await Deno.writeTextFile(at("log.jsonl"), lossLog(names));
          await safe("weights", "replay", at("log.jsonl"));
        }),
    ),
    { numRuns: 15 },
  ));

function weightFile(names: readonly string[]): string {
  const by = (value: (k: number) => number) =>
    Object.fromEntries(
      names.map((name, k) => [name.toWellFormed(), value(k)]),
    );
  return JSON.stringify({
    domain_ids: by((k) => k),
    domain_weights: by((k) => k + 1),
    size: by(() => 9),
  });
}

function lossLog(names: readonly string[]): string {
  const domains = names.map((_, k) => k);
  const losses = domains.map(() => 1);
  return [
    { tasks: names, sizes: domains.map(() => 9) },
    { losses, referenceLosses: losses, domains },
  ].map((row) => `${JSON.stringify(row)}\n`).join("");
}

Deno.test("a name that is too long to write is refused before the work", () =>
  inTempFolder(async (folder) => {
    await writeSuite(toySuite(), join(folder, "suite"));
    const evaluate = [
      "eval",
      "--suite",
      join(folder, "suite"),
      "--bm25",
      "--out",
    ];
    const long = await safe(...evaluate, join(folder, "語".repeat(76)));
    assert.match(
      long.err,
      /^error: Cannot write --out: [^\n]* at most 225 bytes: got 228;[^\n]*\n$/,
    );
    const fits = await safe(...evaluate, join(folder, "語".repeat(75)));
    assert.equal(fits.code, 0, fits.err);
    // Elsewhere the file system's own refusal is one line too.
    const longest = "x".repeat(300);
    for (
      const words of [
        ["data", "check", longest],
        ["weights", "show", longest],
        ["model", "info", longest],
        ["run", "--suite", longest, "--out", join(folder, "run")],
      ]
    ) assert.match((await safe(...words)).err, /^error: Cannot [^\n]+\n$/);
  }));

Deno.test("bars and plain lines keep each name on its line", () =>
  fc.assert(
    fc.asyncProperty(name, fc.boolean(), async (name, terminal) => {
      const io = captured({ terminal, columns: 200 });
      const events = async function* () {
        const event = { stage: name, label: name, note: name, total: 2 };
        yield { ...event, done: 0 };
        yield { ...event, done: 2 };
      };
      await renderProgress(events(), { ...io, err: io.err, quiet: false });
      // The bar's own way of drawing itself anew.
      const shown = io.complaints.replaceAll("\r\u001b[K", "");
      assert.equal(danger(shown), undefined, JSON.stringify(shown));
      assert.ok(shown.includes("2/2") || !terminal);
    }),
    { numRuns: 30 },
  ));

Deno.test("the headings of help stay bold on a terminal", async () => {
  const io = captured({ color: true });
  assert.equal(await main(["version", "--help"], io), 0);
  assert.ok(io.printed.includes("\u001b[1mUsage:\u001b[22m"));
});

Deno.test("JSON keeps what it escapes", async () => {
  const file = `${await tempFolder()}/file`;
  const task = "\u009b31m\u202e\u2028\u007f";
  await Deno.writeTextFile(file, weightFile([task, "b"]));
  const { out } = await safe("weights", "show", file, "--json");
  assert.ok(JSON.parse(out).some((row: { task: string }) => row.task === task));
  await Deno.remove(file);
});

Deno.test({
  name: "a shell reads the words of a command line back, whatever they are",
  ignore: !await hasShell("bash"),
  fn: () =>
    fc.assert(
      fc.asyncProperty(
        // A shell's word holds neither NUL nor what is no Unicode.
        fc.array(name.map((text) => text.replace(/[\0\ud800]/g, "")), {
          maxLength: 8,
        }),
        async (words) => {
          const line = commandLine(words);
          assert.equal(danger(line), undefined);
          const { stdout } = await new Deno.Command("bash", {
            args: ["-c", line.replace("tdro", "printf '%s\\0' tdro")],
          }).output();
          const read = new TextDecoder().decode(stdout).split("\0");
          assert.deepEqual(read, ["tdro", ...words, ""]);
        },
      ),
      { numRuns: 20 },
    ),
});

async function hasShell(shell: string): Promise<boolean> {
  return await new Deno.Command(shell, { args: ["-c", "exit"] }).output()
    .then(({ success }) => success, () => false);
}
