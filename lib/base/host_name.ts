import { hostname } from "node:os";
import { mayUse } from "./permissions.ts";

/** What a machine is called whose name Deno may not ask for. */
export const UNKNOWN_HOST = "this machine";

/** The machine's name. Needs a permission that work does without, and mustn't ask for. */
export function hostName(): string {
  const permission = { name: "sys", kind: "hostname" } as const;
  return mayUse(permission) ? hostname() : UNKNOWN_HOST;
}
