/**
 * Whether something may be done without asking: work must neither stop at a
 * question nor fail for want of what it can do without.
 */
export function mayUse(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

/** Throws now what Deno would throw at the first access, after other work. */
export async function checkAccess(
  access: "read" | "write",
  path: string,
): Promise<void> {
  const permission = { name: access, path };
  const { state } = await Deno.permissions.request(permission);
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Requires ${access} access to "${path}", run again with the --allow-${access} flag`,
  );
}

/** Environment variables; one that may not be read is as one that isn't set. */
export const env = {
  /** Value of a variable. */
  get(variable: string): string | undefined {
    return mayUse({ name: "env", variable })
      ? Deno.env.get(variable)
      : undefined;
  },
};

/** What each kind of access is for, before the name of what is accessed. */
const DOING: Readonly<Record<string, string>> = {
  read: "read",
  write: "write",
  net: "connect to",
  env: "read the environment variable",
  run: "run the program",
  ffi: "load the library",
  sys: "ask the system for",
};

/**
 * What an action was refused for want of which permission, as a clause;
 * `undefined` for any other error.
 */
export function refusal(error: unknown): string | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return;
  const [, kind = "", what] =
    /^Requires (\w+) access(?: to (.+))?, run again/s.exec(error.message) ?? [];
  return kind in DOING
    ? `Deno may not ${DOING[kind]} ${
      what ?? "anything"
    } without --allow-${kind}`
    : `Deno may not do this: ${error.message}`;
}
