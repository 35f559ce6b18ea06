import { z } from "zod";
import {
  bashScript,
  fishScript,
  zshScript,
} from "../help/completion_scripts.ts";
import { alternatives, commandFlags, type Flag } from "../options/flags.ts";
import { globalOptions } from "../options/global_options.ts";
import { negatable } from "../options/read_arguments.ts";
import type { Command } from "../command.ts";

/** Options of `tdro completion`. */
export interface CompletionOptions {
  /** Which shell. */
  shell: "bash" | "zsh" | "fish";
}

/** What a shell needs to know of one command. */
export interface CompletionEntry {
  /** Words after `tdro`. */
  name: string;
  /** What it does. */
  summary: string;
  /** Its flags, those of every command too. */
  flags: {
    /** With dashes. */
    name: string;
    /** What it does. */
    description: string;
    /** Whether a value follows. */
    valued: boolean;
    /** Values to choose from, if it's one of a few. */
    choices: string[];
  }[];
  /** Words to choose from where no flag is expected. */
  words: string[];
}

/** `tdro completion`. */
export const command: Command<CompletionOptions> = {
  name: "completion",
  summary: "Print a completion script for a shell",
  examples: [
    { about: "For this bash", line: "source <(tdro completion bash)" },
    {
      about: "For every zsh",
      line: 'tdro completion zsh > "${fpath[1]}/_tdro"',
    },
    {
      about: "For every fish",
      line: "tdro completion fish > ~/.config/fish/completions/tdro.fish",
    },
  ],
  options: z.strictObject({
    shell: z.enum(["bash", "zsh", "fish"]).meta({ placeholder: "SHELL" })
      .describe("Shell to complete in"),
  }),
  operands: ["shell"],
  async run({ shell }, io) {
    const { COMMANDS } = await import("../table.ts");
    const entries: CompletionEntry[] = [];
    for (const { name, summary, load } of COMMANDS) {
      const { command } = await load();
      const { flags, operands } = commandFlags(command);
      const globals = commandFlags({ options: globalOptions }).flags;
      entries.push({
        name,
        summary,
        flags: [...flags, ...globals].flatMap(flagEntries),
        words: operands.flatMap(choices),
      });
    }
    const script = { bash: bashScript, zsh: zshScript, fish: fishScript }
      [shell](
        entries,
      );
    io.result({ shell, script }, () => script);
  },
};

function flagEntries(flag: Flag): CompletionEntry["flags"] {
  const names = [`--${flag.name}`];
  if (negatable(flag)) names.push(`--no-${flag.name}`);
  return names.map((name) => ({
    name,
    description: flag.description,
    valued: flag.kind !== "boolean",
    choices: choices(flag),
  }));
}

function choices(flag: Flag): string[] {
  return alternatives(flag.schema).flatMap((choice) =>
    choice.enum ?? (choice.const === undefined ? [] : [choice.const])
  ).map(String);
}
