/** Servers that tests start, on this machine alone. */

/** A server that is running. */
export interface TestServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  address: string;
}

/** A port that nobody has at the moment. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Whether a Python has these modules. */
export async function hasModules(
  python: string,
  ...names: string[]
): Promise<boolean> {
  const code =
    "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))";
  try {
    const args = ["-c", code, ...names];
    return (await new Deno.Command(python, { args }).output()).success;
  } catch {
    return false;
  }
}

/**
 * Starts a program with a port of its own, and waits until it listens there.
 *
 * @throws {Error} If it ends, or doesn't listen within five minutes.
 */
export async function started(
  program: string,
  args: (port: number) => string[],
  env: Record<string, string> = {},
): Promise<TestServer> {
  const port = freePort();
  const child = new Deno.Command(program, {
    args: args(port),
    env,
    stdout: "null",
    stderr: "null",
  }).spawn();
  let isOver = false;
  const over = child.status.then(() => isOver = true);
  const server = {
    address: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      if (!isOver) child.kill("SIGKILL");
      await over;
    },
  };
  for (let tries = 0; tries < 3000 && !isOver; tries++) {
    if (await answers(port)) return server;
    await new Promise((done) => setTimeout(done, 100));
  }
  await server[Symbol.asyncDispose]();
  throw new Error(`no server: ${program} ${args(port).join(" ")}`);
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
