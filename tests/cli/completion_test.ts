import assert from "node:assert/strict";
import { join } from "node:path";
import {
  bashScript,
  fishScript,
  zshScript,
} from "../../lib/cli/help/completion_scripts.ts";
import { COMMANDS } from "../../lib/cli/table.ts";
import { isUserError, tdro } from "./_capture.ts";
import { tempFolder } from "../_temp_folder.ts";

async function script(shell: string): Promise<string> {
  const { code, out } = await tdro("completion", shell);
  assert.equal(code, 0);
  return out;
}

async function has(shell: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(shell, {
      args: ["-c", "true"],
    }).output();
    return success;
  } catch {
    return false;
  }
}

async function run(shell: string, code: string): Promise<string> {
  // A script may be longer than an argument may be: 128 KiB on Linux.
  const path = join(await tempFolder(), "script");
  await Deno.writeTextFile(path, code);
  const { success, stdout, stderr } = await new Deno.Command(shell, {
    args: shell === "zsh" ? ["-f", path] : [path],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

/** What bash offers after the words; the last one is being typed. */
async function offers(...words: string[]): Promise<string[]> {
  const list = ["tdro", ...words].map((word) => `'${word}'`).join(" ");
  const out = await run(
    "bash",
    `${await script("bash")}
COMP_WORDS=(${list}); COMP_CWORD=${words.length}
_tdro; printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
  return out.split("\n").filter((line) => line !== "");
}

Deno.test({
  name: "completion bash offers commands, flags and values",
  ignore: !await has("bash"),
  fn: async () => {
    assert.deepEqual(await offers("do"), ["doctor"]);
    const first = await offers("");
    for (const { name } of COMMANDS) {
      assert.ok(first.includes(name.split(" ")[0]!), name);
    }
    assert.equal(new Set(first).size, first.length);
    assert.deepEqual(
      (await offers("weights", "")).sort(),
      ["explain", "fit", "replay", "select", "show"],
    );
    assert.deepEqual(await offers("weights", "show", "--so"), ["--sort"]);
    assert.deepEqual(await offers("weights", "show", "--sort", ""), [
      "weight",
      "id",
      "task",
    ]);
    assert.deepEqual(await offers("completion", "z"), ["zsh"]);
    // A command that begins another one.
    assert.deepEqual((await offers("eval", "")).sort(), ["diff", "pool"]);
    assert.deepEqual(await offers("eval", "--bm"), ["--bm25"]);
    assert.deepEqual(await offers("eval", "diff", "--mo"), ["--movers"]);
    assert.deepEqual(await offers("setup", "--no"), ["--no-tensorflow"]);
    // Where a file is wanted nothing is offered, so that bash offers files.
    assert.deepEqual(await offers("score", "--run", ""), []);
    assert.deepEqual(await offers("weights", "show", ""), []);
  },
});

for (const shell of ["zsh", "fish"]) {
  Deno.test(`completion ${shell} names every command and flag`, async () => {
    // Within quotes an apostrophe is '\'' in zsh and \' in fish.
    const text = (await script(shell)).replaceAll(/'\\''|\\'/g, "'");
    for (const { name, load } of COMMANDS) {
      assert.ok(text.includes(name), name);
      const { command } = await load();
      assert.ok(text.includes(command.summary), name);
    }
    for (const flag of ["per-query", "no-tensorflow", "json"]) {
      assert.ok(text.includes(flag), flag);
    }
  });

  Deno.test({
    name: `completion ${shell} is read by ${shell} without complaint`,
    ignore: !await has(shell),
    fn: async () => {
      const text = await script(shell);
      await run(
        shell,
        shell === "zsh"
          ? `autoload -U compinit; compinit -u -D\n${text}`
          : text,
      );
    },
  });
}

Deno.test({
  name: "completion fish offers commands and flags",
  ignore: !await has("fish"),
  fn: async () => {
    const text = await script("fish");
    const ask = async (line: string) =>
      (await run("fish", `${text}\ncomplete -C '${line}'`)).trim().split("\n")
        .map((row) => row.split("\t")[0]);
    assert.deepEqual(await ask("tdro doc"), ["doctor"]);
    assert.deepEqual(await ask("tdro weights s"), ["select", "show"]);
    assert.deepEqual(await ask("tdro weights show --so"), ["--sort"]);
    assert.deepEqual(await ask("tdro completion z"), ["zsh"]);
  },
});

/** Words that a shell would run, if it read them as its own. */
const HOSTILE = ["$(echo${IFS}ran)", "`echo${IFS}ran`", "it's", "*", "\\x"];

const ENTRY = {
  name: "pick",
  summary: "It's $(echo ran) `echo ran`",
  flags: [{
    name: "--of",
    description: "It's $(echo ran) `echo ran`",
    valued: true,
    choices: HOSTILE,
  }],
  words: HOSTILE,
};

/** Code that offers what follows `tdro pick` and `tdro pick --of`. */
const ASK = {
  bash: `${bashScript([ENTRY])}
for before in pick --of; do
  COMP_WORDS=(tdro pick "$before" ''); [[ "$before" == pick ]] && COMP_WORDS=(tdro pick '')
  COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _tdro
  for word in "\${COMPREPLY[@]}"; do eval "printf '%s\\n' $word"; done
done`,
  zsh: `compdef() { : }; compadd() { shift; print -rl -- "$@" }
${zshScript([ENTRY])}
words=(tdro pick ''); CURRENT=3; _tdro
words=(tdro pick --of ''); CURRENT=4; _tdro`,
  fish: `${fishScript([ENTRY])}
complete -C 'tdro pick ' | string split -f1 \\t
complete -C 'tdro pick --of ' | string split -f1 \\t`,
};

for (const [shell, code] of Object.entries(ASK)) {
  Deno.test({
    name: `completion ${shell} offers words as they are and runs none`,
    ignore: !await has(shell),
    fn: async () => {
      const words = (await run(shell, code)).trimEnd().split("\n");
      assert.deepEqual(words.sort(), [...HOSTILE, ...HOSTILE].sort());
    },
  });
}

Deno.test("completion refuses another shell in one line", async () => {
  const outcome = await tdro("completion", "csh");
  assert.ok(isUserError(outcome), JSON.stringify(outcome));
  assert.match(outcome.err, /expected bash \| zsh \| fish: got "csh"/);
});
