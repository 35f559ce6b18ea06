import { z } from "zod";

// Bounds far above any model's, so that a damaged config.json is refused before
// somebody makes a list of 10^9 layers. What the weights hold is checked as they
// are read.

/** Width of something, or a number of heads. */
export const width: z.ZodInt = z.int().positive().max(2 ** 20);

/** Rows of a table, or places in a text. */
export const rows: z.ZodInt = z.int().positive().max(2 ** 31 - 1);

/** Number of layers. */
export const layers: z.ZodInt = z.int().nonnegative().max(10_000);
