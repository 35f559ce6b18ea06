/** Representations of one thing by media type; a front end takes the richest. */
export type MediaBundle = Record<string, string | object>;

/** What a notebook front end shows things with. */
export type DisplayFunction = (
  bundle: MediaBundle,
  options: { displayId: string; update: boolean },
) => Promise<void>;

/**
 * The symbol by which a Jupyter kernel asks a value how to show it:
 * `Symbol.for("Jupyter.display")`, with a type by which it can name a method.
 */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/**
 * How long a cell is kept from ending after something was displayed, in ms. Deno's
 * kernel (2.9.6) may say that it is idle before what it was given last is sent; what
 * runs notebooks without a reader then goes on without it.
 */
const HOLD_MS = 20;

/**
 * The kernel's display function, or undefined outside a notebook. The one place
 * that touches `Deno.jupyter`: outside a kernel even looking at it throws.
 */
export function kernelDisplay(): DisplayFunction | undefined {
  try {
    const { display } = Deno.jupyter;
    if (typeof display !== "function") return undefined;
    return async (bundle, { displayId, update }) => {
      await display(bundle, { raw: true, display_id: displayId, update });
      await new Promise((resume) => setTimeout(resume, HOLD_MS));
    };
  } catch {
    return undefined;
  }
}
