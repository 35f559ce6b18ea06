import { fromFileUrl } from "./_paths.ts";

/** Folder of reference numbers and real data, which the project can do without. */
const SHARED = Deno.env.get("TDRO_SHARED") ??
  fromFileUrl(new URL("../../shared", import.meta.url));

/** Path of something in the shared folder. */
export function shared(path: string): string {
  return `${SHARED}/${path}`;
}

/** Whether the shared folder (or a part of it) is there. */
export function hasShared(path = ""): boolean {
  try {
    Deno.statSync(shared(path));
    return true;
  } catch {
    return false;
  }
}

/** Reads a JSON file of the shared folder. */
// deno-lint-ignore no-explicit-any
export function readShared(path: string): any {
  return JSON.parse(Deno.readTextFileSync(shared(path)));
}

/** A test that needs the shared folder; reported as ignored where it's absent. */
export function withShared(
  name: string,
  body: (t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({ name, ignore: !hasShared(), fn: body });
}
