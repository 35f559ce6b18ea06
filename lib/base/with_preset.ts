import { type Preset, PRESETS } from "./presets.ts";

/** Values of options with those of a preset below them. */
export interface WithPreset {
  /** The values. */
  values: Record<string, unknown>;
  /** What the user should know: what the preset sets, and what it doesn't. */
  notes: string[];
}

/**
 * Puts the settings of the preset that values name below them, as far as there are
 * options for them.
 *
 * @param given Values of options that were given; `preset` names the preset.
 * @param known Names of the options that there are.
 */
export function withPreset(
  given: Readonly<Record<string, unknown>>,
  known: readonly string[],
): WithPreset {
  const { preset: name } = given;
  const preset = known.includes("preset") ? presetOf(name) : undefined;
  if (!preset) return { values: { ...given }, notes: [] };
  const values: Record<string, unknown> = { ...given };
  const set: string[] = [];
  const other: string[] = [];
  for (const [option, value] of Object.entries(preset.settings)) {
    if (!known.includes(option)) continue;
    const own = given[option];
    if (own === undefined) {
      values[option] = value;
      set.push(`${flagOf(option)} ${value}`);
    } else if (own !== value) {
      other.push(`${flagOf(option)} ${own} for ${value}`);
    }
  }
  return {
    values,
    notes: [
      `preset ${name}, ${preset.about}: ${set.join(", ") || "nothing to set"}`,
      ...other.length > 0
        ? [`given, and not as in the preset: ${other.join(", ")}`]
        : [],
    ],
  };
}

/** An option as it is given on a command line. */
function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}

/** The preset of a name; nothing if there is none, which its schema refuses. */
function presetOf(name: unknown): Preset | undefined {
  return typeof name === "string" && Object.hasOwn(PRESETS, name)
    ? PRESETS[name as keyof typeof PRESETS]
    : undefined;
}
