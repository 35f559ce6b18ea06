import { type CommandEntry, COMMANDS } from "./table.ts";
import { EXIT, fail, interrupted } from "./fail.ts";
import { commandLine } from "./command_line.ts";
import { overview } from "./help/overview.ts";
import { didYouMean } from "../base/nearest_names.ts";
import { printable, printableJson } from "../base/printable.ts";
import { checkOut } from "./check_out.ts";
import { safeIo } from "./safe_io.ts";
import type { CommandIo, Io } from "./io.ts";
import type { EnlistOptions } from "./workers/enlist.ts";

/**
 * Runs one command line.
 *
 * @param args The words after `tdro`.
 * @param io Where to print, and the signal of Ctrl-C.
 * @returns The exit code: 0, or 1 for a bug (printed with its stack), 2 for what
 * the user can mend (one line), 130 if interrupted.
 *
 * @example Usage
 * ```ts
 * import { main } from "@tdro/tdro/cli";
 * import assert from "node:assert/strict";
 *
 * let printed = "";
 * const code = await main(["version"], {
 *   out: (text) => printed += text,
 *   err: () => {},
 *   terminal: false,
 *   color: false,
 *   columns: 80,
 *   signal: new AbortController().signal,
 * });
 * assert.equal(code, 0);
 * assert.match(printed, /^tdro \d+\.\d+\.\d+/);
 * ```
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const ends: Ends = {};
  const code = await ended(args, io, ends);
  // Only when all is said: those that can't be told to end take this one along.
  await ends.leave?.();
  return code;
}

/** What holds at the end of a command line, however it ends. */
interface Ends {
  /** How the work can be taken up again. */
  resume?: string;
  /** Whether another worker says how the work ended. */
  saidElsewhere?: boolean;
  /** Lets the other workers go. */
  leave?: (() => Promise<void>) | undefined;
}

async function ended(
  args: readonly string[],
  io: Io,
  ends: Ends,
): Promise<number> {
  const safe = safeIo(io);
  try {
    const code = await dispatch(args, io, ends);
    return io.signal.aborted && !ends.saidElsewhere
      ? interrupted(safe, ends.resume)
      : code;
  } catch (error) {
    return fail(error, safe, ends.resume);
  }
}

async function dispatch(
  args: readonly string[],
  io: Io,
  ends: Ends,
): Promise<number> {
  const words = globalsLast(args);
  const [first, ...rest] = words;
  if (first === undefined || first === "--help" || first === "-h") {
    io.out(overview(io));
    return EXIT.ok;
  }
  if (first === "help") {
    return await dispatch([...rest, "--help"], io, ends);
  }
  if (first === "--version" || first === "-V") {
    return await dispatch(["version", ...rest], io, ends);
  }
  const entry = find(words);
  if (entry === undefined) {
    const family = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
    if (family.length > 0 && (rest[0] === undefined || isHelp(rest[0]))) {
      io.out(overview(io, first));
      return EXIT.ok;
    }
    throw unknownCommand(words, family);
  }

  // Schemas only from here on: the overview above needs none.
  const [{ command }, { readOptions }] = await Promise.all([
    entry.load(),
    import("./options/read_options.ts"),
  ]);
  const { global, options: given, notes } = await readOptions(
    command,
    words.slice(entry.name.split(" ").length),
  );
  if (global.help) {
    const { commandHelp } = await import("./help/help.ts");
    io.out(commandHelp(command, io, entry));
    return EXIT.ok;
  }
  let options = given;
  if (command.severalProcesses) {
    const { workers, ...rest } = given as EnlistOptions;
    const { enlist } = await import("./workers/enlist.ts");
    const enlisted = await enlist({ ...rest, workers }, io);
    if (!enlisted.leads) {
      ends.saidElsewhere = true;
      return enlisted.code;
    }
    options = rest;
    ends.leave = enlisted.leave;
    if (enlisted.note) notes.push(enlisted.note);
  }
  await checkOut(options as { out?: unknown });
  const safe = safeIo(io);
  const { onEvent } = global;
  const listener = onEvent === undefined
    ? undefined
    : new (await import("./event_command.ts")).EventCommand(
      onEvent,
      (text) => safe.err(`${printable(text)}\n`),
    );
  const commandIo: CommandIo = {
    ...safe,
    get columns() {
      return io.columns;
    },
    json: global.json,
    quiet: global.quiet,
    result(value, text) {
      const printed = global.json
        ? printableJson(JSON.stringify(value, null, 2))
        : text();
      safe.out(printed.endsWith("\n") ? printed : `${printed}\n`);
    },
    note(text) {
      if (!global.quiet) io.err(`${printable(text)}\n`);
    },
    async progress(events) {
      const { renderProgress } = await import("./progress.ts");
      const { telling } = await import("./event_command.ts");
      // Bars are redrawn in place, which only the plain stream lets through.
      return await renderProgress(
        listener ? telling(events, listener) : events,
        {
          err: io.err,
          terminal: io.terminal,
          signal: io.signal,
          quiet: global.quiet,
          get columns() {
            return io.columns;
          },
        },
      );
    },
    resumeWith(hint) {
      ends.resume = `${hint}\n  ${commandLine(args)}`;
    },
  };
  notes.forEach(commandIo.note);
  try {
    const code = await command.run(options, commandIo) ?? EXIT.ok;
    await listener?.end({ ok: code === EXIT.ok });
    return code;
  } catch (error) {
    await listener?.end({
      ok: false,
      error: error instanceof Error ? error.message : `${error}`,
    });
    throw error;
  }
}

/** `--json doctor` → `doctor --json`. */
function globalsLast(args: readonly string[]): string[] {
  const at = args.findIndex((arg) =>
    !["--json", "--quiet", "-q"].includes(arg)
  );
  if (at <= 0) return [...args];
  const end = args.indexOf("--");
  const tail = end < 0 ? [] : args.slice(end);
  return [
    ...args.slice(at, end < 0 ? undefined : end),
    ...args.slice(0, at),
    ...tail,
  ];
}

/** The command whose words begin the line. */
function find(words: readonly string[]): CommandEntry | undefined {
  return COMMANDS.find(({ name }) =>
    name.split(" ").every((word, i) => words[i] === word)
  );
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

function unknownCommand(
  words: readonly string[],
  family: readonly CommandEntry[],
): SyntaxError {
  const [first, second] = words as [string, string?];
  const names = COMMANDS.map(({ name }) => name);
  if (family.length > 0) {
    const typed = `${first} ${second}`;
    return new SyntaxError(
      `Cannot run tdro ${typed}: no such command${
        didYouMean(typed, family.map(({ name }) => name))
      }; tdro ${first} --help lists them`,
    );
  }
  if (first.startsWith("-")) {
    return new SyntaxError(
      `Cannot read ${first}: a command comes first; tdro --help lists them`,
    );
  }
  // The slip may be in the first word of two: `wieghts show`.
  const hint = didYouMean(first, names) ||
    didYouMean([first, second].filter(Boolean).join(" "), names) ||
    didYouMean(first, [...new Set(names.map((name) => name.split(" ")[0]!))]);
  return new SyntaxError(
    `Cannot run tdro ${first}: no such command${hint}; tdro --help lists them`,
  );
}
