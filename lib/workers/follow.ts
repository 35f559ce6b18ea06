import { hear, type Message } from "./messages.ts";
import { isEnd } from "./team.ts";
import type { Workers } from "./workers.ts";

/** What a worker does when it is told something, by the message's `op`. */
export type Handlers = Readonly<
  Record<string, (message: Message) => void | Promise<void>>
>;

/**
 * Does what worker 0 tells, until it lets this one go.
 *
 * @param workers The workers; this one must not be number 0.
 * @param handlers What to do.
 * @throws {RangeError} If something is told that there is no handler for.
 */
export async function follow(
  workers: Workers,
  handlers: Handlers,
): Promise<void> {
  for (;;) {
    const message = await hear(workers);
    if (isEnd(message)) break;
    const { op } = message;
    if (!Object.hasOwn(handlers, op)) {
      throw new RangeError(
        `Cannot follow worker 0: it asks for ${
          JSON.stringify(op)
        }, which this version doesn't know; start the same version of tdro everywhere`,
      );
    }
    await handlers[op]!(message);
  }
  await workers.close();
}
