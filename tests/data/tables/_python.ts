import assert from "node:assert/strict";
import { fromFileUrl } from "../../_paths.ts";

const PYTHON = Deno.env.get("TDRO_PYTHON") ?? "python3";

/** Whether Python lacks the libraries that write tables; CI must have them. */
export const WITHOUT_LIBRARIES = Deno.env.get("TDRO_REQUIRE_TABLES") !== "1" &&
  !await hasLibraries();

async function hasLibraries(): Promise<boolean> {
  const code =
    "import importlib.util as u, sys; sys.exit(not all(u.find_spec(m) for m in ('pandas', 'pyarrow', 'datasets')))";
  try {
    const command = new Deno.Command(PYTHON, { args: ["-c", code] });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

/** What a script beside this file prints, as JSON. */
export async function python(
  script: string,
  { args = [], input, home }: {
    args?: readonly string[];
    input?: unknown;
    /** A folder for what the libraries keep. */
    home: string;
  },
): Promise<unknown> {
  const path = fromFileUrl(new URL(script, import.meta.url));
  const child = new Deno.Command(PYTHON, {
    args: [path, ...args],
    env: { HF_HOME: home, PYTHONUTF8: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  if (input !== undefined) {
    await writer.write(new TextEncoder().encode(JSON.stringify(input)));
  }
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  return JSON.parse(text(stdout));
}
