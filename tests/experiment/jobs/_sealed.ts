import { seal } from "../../../lib/base/files/sealed_json.ts";

/** The text of a sealed record with other fields. */
export function sealed(text: string, changes: object): string {
  const { sha256: _, ...record } = JSON.parse(text);
  return JSON.stringify(seal({ ...record, ...changes }));
}
