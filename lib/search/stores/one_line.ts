/**
 * The same object, whose methods say in one line what a database refuses; its own
 * messages go over many, with addresses in them.
 *
 * @param engine What talks to the database.
 * @param database What that is called.
 */
export function inOneLine<T extends object>(engine: T, database: string): T {
  return new Proxy(engine, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        try {
          return await member.apply(target, args);
        } catch (error) {
          throw isPlain(error) ? error : new RangeError(
            `Cannot use the store: ${database}: ${reasonOf(error)}`,
          );
        }
      };
    },
  });
}

/** Whether it is in our words, or Deno's about permissions. */
function isPlain(error: unknown): boolean {
  return error instanceof RangeError || error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotCapable;
}

/** What an engine says in its own words, without addresses or passwords. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : `${error}`;
  if (text.includes("Failed to get AWS credentials")) {
    return "there must be keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
  }
  // Object stores answer in XML; LanceDB tells a chain of causes, the true one last.
  const said = /<Message>([^<]+)<\/Message>/.exec(text)?.[1] ??
    text.split("Caused by: ").at(-1)!;
  return said.trim().split("\n")[0]!.replaceAll(/\w+:\/\/\S+/g, "the address");
}
