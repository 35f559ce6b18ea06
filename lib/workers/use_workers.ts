import type { Workers } from "./workers.ts";

let used: Workers | undefined;

/**
 * Has training and encoding take these workers from now on, wherever none are named:
 * as the backend, they are what this whole process computes with. This one must be
 * number 0, and the others must follow it.
 *
 * @param workers The workers; `undefined`: this process alone again.
 *
 * @example Usage
 * ```ts
 * import { soloWorkers, usedWorkers, useWorkers } from "@tdro/tdro/workers";
 * import assert from "node:assert/strict";
 *
 * useWorkers(soloWorkers());
 * assert.equal(usedWorkers(), undefined); // one alone is no company
 * ```
 */
export function useWorkers(workers: Workers | undefined): void {
  used = workers && workers.size > 1 ? workers : undefined;
}

/** The workers of {@linkcode useWorkers}; `undefined` if there is but one. */
export function usedWorkers(): Workers | undefined {
  return used;
}
