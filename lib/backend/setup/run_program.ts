/** What a finished program left. */
export interface ProgramResult {
  ok: boolean;
  text: string;
}

/** How {@linkcode runProgram} runs a program. */
export interface RunProgramOptions {
  /** Folder that it runs in. @default {the present one} */
  cwd?: string;
  /**
   * Whether its standard input stays open for as long as this process lives, so
   * that it can tell when nobody waits for it any more. @default {false}
   */
  watched?: boolean;
}

/** Runs a program to its end. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  options?: RunProgramOptions,
) => Promise<ProgramResult>;

/** Runs a program; a missing program is a result, not an exception. */
export const runProgram: RunProgram = async (
  program,
  args,
  { cwd, watched = false } = {},
) => {
  try {
    const child = new Deno.Command(program, {
      args: [...args],
      cwd,
      stdout: "piped",
      stderr: "piped",
      stdin: watched ? "piped" : "null",
    }).spawn();
    const { success, stdout, stderr } = await child.output();
    if (watched) await child.stdin.close().catch(() => {});
    const decoder = new TextDecoder();
    return {
      ok: success,
      text: (decoder.decode(stdout) + decoder.decode(stderr)).trim(),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { ok: false, text: `${program} is not installed` };
    }
    throw error;
  }
};

/** The last line that says something, shortened: enough for a one-line error. */
export function lastLine(text: string): string {
  const line = text.split("\n").map((l) => l.trim()).filter(Boolean).pop();
  return (line ?? "no output").slice(0, 300);
}
