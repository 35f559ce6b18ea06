import type { PlotSpec } from "./plot_spec.ts";

/**
 * Puts plots below each other into one, under one heading. Names of marks and
 * parameters must differ within a plot, so each part gets a number of its own.
 */
export function concatPlots(
  title: { text: string[]; subtitle: string[] },
  description: string,
  plots: readonly PlotSpec[],
): PlotSpec {
  const { $schema, config } = plots[0]!;
  const parts = plots.map((
    { $schema: _, config: __, description: ___, ...part },
    i,
  ) => renamed(part, i));
  return {
    ...{ $schema, description, title, vconcat: parts },
    spacing: 28,
    resolve: { scale: { color: "independent" } },
    config,
  } as unknown as PlotSpec;
}

/** A part whose names end in its number; its data are left alone. */
function renamed(part: unknown, number: number, key = ""): unknown {
  if (Array.isArray(part)) {
    return part.map((item) => renamed(item, number, key));
  }
  if (typeof part !== "object" || part === null) {
    return key === "param" || key === "name" ? `${part}_${number}` : part;
  }
  return Object.fromEntries(
    Object.entries(part).map((
      [name, value],
    ) => [name, name === "data" ? value : renamed(value, number, name)]),
  );
}
