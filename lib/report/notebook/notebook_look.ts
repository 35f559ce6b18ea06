import { isPlainObject } from "../read_rows.ts";
import { plotConfig } from "../plots/plot_spec.ts";

/**
 * Ink that reads on a light ground and on a dark one: 4.5:1 on white, 4.2:1 on
 * JupyterLab's dark #111111. A notebook's plot can't ask for the page's own colour:
 * front ends draw it on a canvas, or put it in as a picture.
 */
const NEUTRAL = "#767676";

type Tree = Record<string, unknown>;

/**
 * A plot as notebooks show it: without a ground, in ink for both themes. What was
 * chosen otherwise in its `config` stays.
 *
 * @param spec A Vega-Lite specification.
 */
export function notebookLook(spec: Tree): Tree {
  const { config } = spec;
  if (!isPlainObject(config)) return spec;
  return { ...spec, config: replaced(config, plotConfig(), neutralConfig()) };
}

function neutralConfig(): Tree {
  const config = plotConfig({
    ink: NEUTRAL,
    muted: NEUTRAL,
    grid: NEUTRAL,
    background: null,
  });
  return { ...config, axis: { ...config.axis as Tree, gridOpacity: 0.3 } };
}

/** The tree with other values where it has the usual ones. */
function replaced(tree: Tree, usual: Tree, other: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => {
      const before = usual[key], after = other[key];
      if (
        isPlainObject(value) && isPlainObject(before) && isPlainObject(after)
      ) {
        return [key, replaced(value, before, after)];
      }
      return [key, value === before ? after : value];
    }),
  );
}
