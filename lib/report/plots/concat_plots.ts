import type { PlotSpec } from "./plot_spec.ts";

/**
 * Puts plots below each other into one, under one heading. Names of marks and
 * parameters must differ within a plot, so each view gets a number of its own.
 */
export function concatPlots(
  title: { text: string[]; subtitle: string[] },
  description: string,
  plots: readonly PlotSpec[],
): PlotSpec {
  const { $schema, config } = plots[0]!;
  const views = plots.map((
    { $schema: _, config: __, description: ___, ...view },
    i,
  ) => renamed(view, i));
  return {
    $schema,
    description,
    title,
    vconcat: views,
    spacing: 28,
    resolve: { scale: { color: "independent" } },
    config,
  } as unknown as PlotSpec;
}

/** A view whose names end in its number; its data are left alone. */
function renamed(node: unknown, number: number, key = ""): unknown {
  if (Array.isArray(node)) {
    return node.map((item) => renamed(item, number, key));
  }
  if (typeof node !== "object" || node === null) {
    return key === "param" || key === "name" ? `${node}_${number}` : node;
  }
  return Object.fromEntries(
    Object.entries(node).map((
      [name, value],
    ) => [name, name === "data" ? value : renamed(value, number, name)]),
  );
}
