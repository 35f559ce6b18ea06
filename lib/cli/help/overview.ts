import { type CommandEntry, COMMANDS } from "../table.ts";
import { bold, glossary } from "./style.ts";
import type { Io } from "../io.ts";

/** Headings of the help text, each with the first words of its commands. */
const GROUPS:
  readonly (readonly [heading: string, words: readonly string[]])[] = [
    ["Start here", ["doctor", "setup", "demo"]],
    ["Data and models", ["data", "model", "llm"]],
    ["Train and compare", [
      "run",
      "train",
      "distil",
      "scale",
      "arena",
      "plan",
      "work",
      "handoff",
    ]],
    ["Search and evaluate", ["search", "embed", "mine", "eval", "score"]],
    [
      "Results",
      ["weights", "plots", "report", "serve", "runs", "export"],
    ],
    ["This program", ["completion", "version"]],
  ];

/**
 * Help text of `tdro` itself, or of the commands that begin with some word. It
 * loads no schema, so that the first thing that anybody types answers at once.
 */
export function overview(
  look: Pick<Io, "color" | "columns">,
  family?: string,
): string {
  const section = (heading: string, entries: readonly CommandEntry[]) =>
    `${bold(`${heading}:`, look)}\n${
      glossary(
        entries.map((entry) => [entry.name, entry.summary]),
        look.columns,
      )
    }`;
  const usage = (words: string) => `${bold("Usage:", look)} tdro ${words}`;
  const more =
    "tdro COMMAND --help shows the options of a command, with examples";
  if (family !== undefined) {
    const members = COMMANDS.filter((entry) => firstWord(entry) === family);
    return [
      usage(`${family} COMMAND [options]`),
      section("Commands", members),
      more.replace("COMMAND", `${family} COMMAND`),
    ].join("\n\n") + "\n";
  }
  const grouped = new Set(GROUPS.flatMap(([, words]) => words));
  const rest = COMMANDS.filter((entry) => !grouped.has(firstWord(entry)));
  return [
    "Trains dense retrievers on many tasks and learns the mixture of tasks (tDRO)",
    usage("COMMAND [options]"),
    ...GROUPS.map(([heading, words]) =>
      [
        heading,
        words.flatMap((word) =>
          COMMANDS.filter((entry) => firstWord(entry) === word)
        ),
      ] as const
    ).concat([["More", rest]])
      .filter(([, entries]) => entries.length > 0)
      .map(([heading, entries]) => section(heading, entries)),
    `${more}\ntdro demo runs everything once, on documentation that is on ` +
    "this machine",
  ].join("\n\n") + "\n";
}

function firstWord({ name }: CommandEntry): string {
  return name.split(" ")[0]!;
}
