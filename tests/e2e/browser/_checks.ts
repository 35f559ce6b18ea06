import assert from "node:assert/strict";
import axe from "axe-core";
import type { Page } from "playwright-core";

// Of the page, in functions that are evaluated there.
// deno-lint-ignore no-explicit-any
declare const document: any, innerWidth: number;

/** Fails with what axe finds wrong with a page. */
export async function checkAccessible(page: Page, what: string): Promise<void> {
  // The policy would refuse an inline script; the debugger may evaluate.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    // deno-lint-ignore no-explicit-any -- axe, in the page
    const { violations } = await (globalThis as any).axe.run();
    return violations.map((v: { id: string; nodes: { html: string }[] }) =>
      `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(" | ")}`
    );
  });
  assert.deepEqual(found, [], what);
}

/** By how many px the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}
