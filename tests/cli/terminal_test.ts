/**
 * The command line on a real terminal (a pseudo-terminal that util-linux's
 * `script` opens), and what Ctrl-C leaves there. Skipped where there is no
 * `script`, which only Linux has in this form.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { commandLine } from "../../lib/cli/command_line.ts";
import { writeSuite } from "../../lib/data/mod.ts";
import { ROOT } from "../_paths.ts";
import { toySuite } from "../_toy_suite.ts";
import { tempFolder } from "../_temp_folder.ts";

const noScript = Deno.build.os !== "linux" ||
  !await new Deno.Command("script", { args: ["--version"] }).output()
    .then(({ success }) => success, () => false);

/** What a person at the terminal sees, and presses. */
interface Session {
  /** Everything shown so far. */
  shown: string;
  /** Waits until a text is shown; `false` if the program ended before. */
  until(text: RegExp): Promise<boolean>;
  /** Presses keys. */
  press(keys: string): Promise<void>;
  /** Waits for the end; the exit code. */
  end(): Promise<number>;
}

function openTerminal(
  words: string[],
  { cwd, columns = 100, setup = "" }: {
    cwd: string;
    columns?: number;
    /** Shell commands before it. */
    setup?: string;
  },
): Session {
  const deno = [Deno.execPath(), "run", "-A", "--no-check", "--quiet"];
  const config = ["--config", `${ROOT}deno.json`, `${ROOT}lib/cli/mod.ts`];
  const line = commandLine([...deno, ...config, ...words]).replace("tdro ", "");
  const child = new Deno.Command("script", {
    args: [
      "-qec",
      `stty cols ${columns}; unset NO_COLOR; ${setup}exec ${line}`,
      "/dev/null",
    ],
    cwd,
    env: { SHELL: "/bin/sh" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const keys = child.stdin.getWriter();
  const session: Session = {
    shown: "",
    async until(text) {
      while (!text.test(session.shown)) {
        const { done, value } = await reader.read();
        if (done) return false;
        session.shown += value;
      }
      return true;
    },
    press: (text) => keys.write(new TextEncoder().encode(text)),
    async end() {
      await session.until(/(?!)/);
      await keys.close().catch(() => {}); // The program may be gone already.
      return (await child.status).code;
    },
  };
  return session;
}

Deno.test({
  name:
    "on a terminal: bars with the time left, Ctrl-C leaves a checkpoint, the line shown goes on",
  ignore: noScript,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "tdro-terminal-" });
    try {
      await writeSuite(toySuite(), join(folder, "my suite"));
      const words = [
        "run",
        "--suite",
        "my suite",
        "--backend",
        "wasm",
        "--out",
        "r",
        "--steps",
        "4",
        "--weight-steps",
        "200",
        "--hidden-size",
        "16",
        "--vocab-size",
        "300",
        "--checkpoint-every",
        "50",
      ];
      const first = openTerminal(words, { cwd: folder });
      assert.ok(
        await first.until(/learning weights[^\r\n]* [1-9]\d*\/200 /),
        first.shown,
      );
      assert.match(first.shown, /░ +\d+ % .*\d+\/\d+ +\d+:\d\d left/);
      await first.press("\u0003");
      assert.equal(await first.end(), 130);
      assert.match(
        first.shown,
        /stopping at the next step; press Ctrl-C again/,
      );
      const [, hint] = /interrupted; to resume: [^\n]*\r?\n {2}tdro ([^\r\n]*)/
        .exec(first.shown) ?? [];
      assert.equal(hint, commandLine(words).slice("tdro ".length));
      const steps = await Array.fromAsync(
        Deno.readDir(join(folder, "r/checkpoints/weights")),
      );
      const [, stopped] = /^step-0*(\d+)$/.exec(steps[0]!.name)!;

      const second = openTerminal(words, { cwd: folder });
      assert.ok(await second.until(/learning weights[^\r\n]*\/200 /));
      const [, from] = /learning weights[^\r\n]* (\d+)\/200 /
        .exec(second.shown)!;
      assert.ok(Number(from) >= Number(stopped) && Number(from) > 0);
      await second.press("\u0003");
      assert.equal(await second.end(), 130);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "on a terminal: bold headings, unless NO_COLOR; help as wide as the screen",
  ignore: noScript,
  fn: async () => {
    const cwd = await tempFolder();
    try {
      const bold = openTerminal(["run", "--help"], { cwd, columns: 60 });
      assert.equal(await bold.end(), 0);
      assert.ok(bold.shown.includes("\u001b[1mUsage:\u001b[22m"));
      const plain = openTerminal(["run", "--help"], {
        cwd,
        columns: 60,
        setup: "export NO_COLOR=1; ",
      });
      assert.equal(await plain.end(), 0);
      assert.ok(!plain.shown.includes("\u001b[1m"));
      const body = plain.shown.split(/^Examples:/m)[0]!;
      for (const line of body.split("\r\n")) {
        assert.ok(line.length <= 60, line);
      }
    } finally {
      await Deno.remove(cwd);
    }
  },
});
