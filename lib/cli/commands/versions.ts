import project from "../../../deno.json" with { type: "json" };

/** Version of this package. */
export const VERSION: string = project.version;

/** Versions of libraries that the package is pinned to, by name. */
export function pinnedVersions(
  names: readonly string[],
): Record<string, string> {
  const imports: Record<string, string> = project.imports;
  return Object.fromEntries(
    names.map((name) => [name, imports[name]?.split("@").at(-1) ?? "–"]),
  );
}
