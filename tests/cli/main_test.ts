import assert from "node:assert/strict";
import { main } from "../../lib/cli/main.ts";
import { COMMANDS } from "../../lib/cli/table.ts";
import { commandLine } from "../../lib/cli/command_line.ts";
import { commandFlags } from "../../lib/cli/options/flags.ts";
import { globalOptions } from "../../lib/cli/options/global_options.ts";
import { OTHER_NAMES } from "../../lib/cli/options/other_names.ts";
import type { Command } from "../../lib/cli/command.ts";
import { captured, isUserError, tdro } from "./_capture.ts";
import { tempFolder } from "../_temp_folder.ts";

for (const entry of COMMANDS) {
  Deno.test(`tdro ${entry.name} is as the table says`, async () => {
    const { command } = await entry.load();
    assert.equal(command.name, entry.name);
    assert.equal(command.summary, entry.summary);
    assert.ok(command.examples.length > 0);
  });

  Deno.test(`tdro ${entry.name}: its flags and keys are its own`, async () => {
    const { command } = await entry.load();
    const { flags, operands } = commandFlags(command);
    const globals = commandFlags({ options: globalOptions }).flags;
    const names = [...flags, ...globals].map((flag) => flag.name);
    assert.equal(new Set(names).size, names.length, "two flags of one name");
    for (const flag of [...flags, ...operands]) {
      assert.notEqual(flag.description, "", `${flag.name} isn't described`);
    }
    // Only the last operand may take many.
    assert.ok(operands.slice(0, -1).every((flag) => flag.kind !== "array"));
  });

  Deno.test(`tdro ${entry.name} --help shows every option and example`, async () => {
    const { command } = await entry.load();
    const { code, out, err } = await tdro(...entry.name.split(" "), "--help");
    assert.equal(code, 0);
    assert.equal(err, "");
    const { flags, operands } = commandFlags(command);
    for (const { name, default: value } of flags) {
      const at = new RegExp(`--(\\[no-\\])?${name.replace(".", "\\.")}\\b`);
      assert.match(out, at);
      if (typeof value === "number") {
        assert.ok(out.replaceAll(/\s+/g, " ").includes(`default: ${value}`));
      }
    }
    for (const operand of operands) {
      assert.ok(out.includes(operand.placeholder));
    }
    for (const name of ["--config", "--json", "--quiet", "--help"]) {
      assert.ok(out.includes(name));
    }
    for (const { line } of command.examples) assert.ok(out.includes(line));
  });

  Deno.test(`tdro ${entry.name}: its examples parse`, async () => {
    const { readOptions } = await import(
      "../../lib/cli/options/read_options.ts"
    );
    const { command } = await entry.load();
    for (const { line } of command.examples) {
      const words = [
        .../tdro ([^>|)]*)/.exec(line)![1]!
          .matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
      ].map(([, a, b, c]) => a ?? b ?? c!);
      const name = words.splice(0, entry.name.split(" ").length).join(" ");
      assert.equal(name, entry.name);
      await readOptions(command, words);
    }
  });
}

Deno.test("a flag's name from elsewhere leads to a flag that a command has", async () => {
  const commands = await Promise.all(COMMANDS.map(({ load }) => load()));
  const flagsOf = commands.map(({ command }) =>
    commandFlags(command).flags.map(({ name }) => name)
  );
  for (const { flag, names } of OTHER_NAMES) {
    const with_ = flagsOf.filter((flags) => flags.includes(flag));
    assert.ok(with_.length > 0, `no command has --${flag}`);
    for (const name of names) {
      // It would never be asked for where it is a flag itself.
      assert.ok(with_.some((flags) => !flags.includes(name)), name);
    }
  }
});

Deno.test("tdro train leads from the names of other trainers to its own", async () => {
  for (
    const [typed, meant] of [
      ["--lr", "--learning-rate?"],
      ["--num_train_epochs", "--steps: it counts updates"],
      ["--epochs", "--steps: it counts updates"],
      ["--batch", "--batch-size: it counts queries"],
      ["--warmup-steps", "--warmup: it is a share"],
      ["--output-dir", "--out?"],
      ["--weights", "--mixture?"],
      ["--lora-rank", "--lora.rank?"],
    ]
  ) {
    const outcome = await tdro("train", "--suite", "s", typed!, "3");
    assert.ok(isUserError(outcome), outcome.err);
    assert.ok(outcome.err.includes(`did you mean ${meant}`), outcome.err);
  }
});

Deno.test("a config file's stray keys are told, and --quiet is quiet", async () => {
  const path = `${await tempFolder()}/file.yml`;
  await Deno.writeTextFile(path, "lr: 1\n");
  const told = await tdro("version", "--config", path);
  assert.deepEqual([told.code, told.err], [0, `${path}: not used: lr\n`]);
  const quiet = await tdro("version", "--config", path, "--quiet");
  assert.deepEqual([quiet.code, quiet.err], [0, ""]);
});

Deno.test("tdro, tdro --help, tdro help list the commands", async () => {
  for (const args of [[], ["--help"], ["-h"], ["help"]]) {
    const { code, out } = await tdro(...args);
    assert.equal(code, 0);
    for (const { name, summary } of COMMANDS) {
      assert.ok(out.includes(name));
      assert.ok(out.replaceAll(/\s+/g, " ").includes(summary));
    }
  }
});

Deno.test("tdro help COMMAND and a bare family show their part", async () => {
  assert.deepEqual(
    await tdro("help", "weights", "show"),
    await tdro("weights", "show", "--help"),
  );
  const { code, out } = await tdro("weights");
  assert.equal(code, 0);
  assert.ok(out.includes("weights show") && out.includes("weights select"));
  assert.ok(!out.includes("doctor"));
});

Deno.test("tdro suggests the command that was meant", async () => {
  const cases: [args: string[], names: RegExp][] = [
    [["docter"], /did you mean doctor\?/],
    [["verison"], /did you mean version\?/],
    [["wieghts", "show", "x"], /did you mean weights show\?/],
    [["weights", "shwo"], /did you mean weights show\?/],
    [["comp"], /did you mean completion\?/],
    [["xyzzy-and-more"], /no such command; tdro --help lists them$/m],
    [["--nonsense"], /a command comes first/],
  ];
  for (const [args, names] of cases) {
    const outcome = await tdro(...args);
    assert.ok(isUserError(outcome), JSON.stringify(outcome));
    assert.match(outcome.err, names);
  }
});

Deno.test("tdro version prints the version, as JSON with --json", async () => {
  const project = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  const { code, out, err } = await tdro("version");
  assert.equal(code, 0);
  assert.equal(err, "");
  assert.ok(out.startsWith(`tdro ${project.version} `));
  for (const args of [["version", "--json"], ["--json", "version"]]) {
    assert.equal(JSON.parse((await tdro(...args)).out).tdro, project.version);
  }
  assert.equal((await tdro("--version")).out, out);
});

Deno.test("tdro refuses an unknown flag in one line", async () => {
  const outcome = await tdro("version", "--jsno");
  assert.ok(isUserError(outcome), JSON.stringify(outcome));
  assert.match(outcome.err, /--jsno: no such option \(did you mean --json\?\)/);
});

/** Runs a command of our own in the place of `tdro version`. */
async function instead(
  run: Command["run"],
  overrides: Partial<ReturnType<typeof captured>> = {},
): Promise<{ code: number; out: string; err: string }> {
  const entry = COMMANDS.find(({ name }) => name === "version")!;
  const { command } = await entry.load();
  const before = command.run;
  const io = captured(overrides);
  command.run = run;
  try {
    const code = await main(["version"], io);
    return { code, out: io.printed, err: io.complaints };
  } finally {
    command.run = before;
  }
}

Deno.test("main() prints what the user can mend as one line, exit 2", async () => {
  for (
    const error of [
      new SyntaxError("a.json:3: Cannot read a row: no id"),
      new RangeError("Cannot train: size must be > 0: got 0"),
      new Deno.errors.NotFound("Cannot open x: there is no such folder"),
      new RangeError("Cannot do this:\n  because"),
    ]
  ) {
    const outcome = await instead(() => Promise.reject(error));
    assert.ok(isUserError(outcome), JSON.stringify(outcome));
  }
});

Deno.test("main() prints a bug with its stack, exit 1", async () => {
  for (
    const error of [
      new TypeError("Cannot read properties of undefined"),
      new RangeError("Maximum call stack size exceeded"),
      new Deno.errors.NotFound("No such file or directory"),
      new Error("odd"),
    ]
  ) {
    const { code, out, err } = await instead(() => Promise.reject(error));
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.ok(err.includes(error.message) && /\n {4}at /.test(err), err);
    assert.match(err, /This is a bug in tdro/);
  }
});

Deno.test("main() gives a command's own exit code, 0 by default", async () => {
  assert.equal((await instead(() => Promise.resolve(1))).code, 1);
  assert.equal((await instead(() => Promise.resolve())).code, 0);
});

Deno.test("main() exits 130 when interrupted, and says how to go on", async () => {
  const { signal } = { signal: AbortSignal.abort() };
  const thrown = await instead((_, io) => {
    io.resumeWith("tdro run --resume runs/x");
    return Promise.reject(io.signal.reason);
  }, { signal });
  assert.equal(thrown.code, 130);
  assert.equal(
    thrown.err,
    "interrupted; to resume: tdro run --resume runs/x\n  tdro version\n",
  );
  // A command that stops cleanly on the signal was interrupted all the same.
  const returned = await instead(() => Promise.resolve(), { signal });
  assert.equal(returned.code, 130);
  assert.equal(returned.err, "interrupted\n");
});

Deno.test("main() is silent when the reader of its output has gone", async () => {
  const { code, err } = await instead(() => {
    throw new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
  });
  assert.equal(code, 141);
  assert.equal(err, "");
});

Deno.test("commandLine() is what a shell reads as the same words", async () => {
  const words = [
    "run",
    "--suite=my suite",
    "it's",
    "",
    "a$b",
    "{x,y}",
    "~",
    "*",
  ];
  const line = commandLine(words).replace(/^tdro /, "printf '%s\\n' ");
  const { stdout } = await new Deno.Command("sh", { args: ["-c", line] })
    .output();
  assert.deepEqual(
    new TextDecoder().decode(stdout).split("\n").slice(0, -1),
    words,
  );
});
