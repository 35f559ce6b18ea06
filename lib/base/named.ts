import { z } from "zod";

/**
 * Schema of an object with names from outside as keys. zod's own record leaves out
 * `__proto__`, and says nothing.
 */
export function named<T>(value: z.ZodType<T>): z.ZodType<Record<string, T>> {
  return z.object({}).catchall(value) as z.ZodType<Record<string, T>>;
}
