import type { Reportable } from "./reportable.ts";

/** A setting, and its value in each run. */
export type SettingRow = { setting: string } & Record<string, string>;

/** What each run was made with: a row a setting, a column a run. */
export function settingsTable(all: readonly Reportable[]): SettingRow[] {
  const flat = all.map((one) => new Map(entries(settingsOf(one))));
  const keys = [...new Set(flat.flatMap((own) => [...own.keys()]))];
  return keys.map((setting) => ({
    setting,
    ...Object.fromEntries(
      all.map(({ name }, i) => [name, flat[i]!.get(setting) ?? "–"]),
    ),
  }));
}

/** Whether a setting is the same in every run. */
export function oneSetting({ setting: _, ...values }: SettingRow): boolean {
  return new Set(Object.values(values)).size === 1;
}

function settingsOf(one: Reportable): object {
  if (one.kind === "run") {
    const { record, summary } = one;
    const options = record?.options ?? { seed: summary.seed };
    return {
      ...options,
      suite: record?.suite ?? { name: summary.suite },
      backend: record?.backend ?? { name: summary.backend },
      versions: summary.versions,
    };
  }
  const { identity, result } = one;
  return {
    ...identity?.settings,
    seeds: result.seeds,
    suite: identity?.suite ?? { name: result.suite },
    backend: identity?.backend ?? { name: result.backend },
    versions: result.versions,
  };
}

function entries(value: object, path = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, field]) => {
    const name = path === "" ? key : `${path}.${key}`;
    if (typeof field === "object" && field !== null && !Array.isArray(field)) {
      return entries(field, name);
    }
    const text = Array.isArray(field) ? field.join(", ") : String(field);
    return [[name, text] as [string, string]];
  });
}
