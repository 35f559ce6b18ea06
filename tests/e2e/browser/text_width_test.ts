/**
 * The widths that drawings are laid out by, against those of the face that a
 * browser takes: nothing may be cut at the edge of a picture.
 */
import assert from "node:assert/strict";
import { ndcgPlot, renderSvg } from "../../../lib/report/mod.ts";
import { textWidth } from "../../../lib/report/tables/text_width.ts";
import { skipBrowser, startChromium } from "./_chromium.ts";

// Of the page, in functions that are evaluated there.
// deno-lint-ignore no-explicit-any
declare const document: any;

const TEXTS = [
  ..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
  ...`!"#$%&'()*+,-./:;<=>?@[\\]^_{|}~·…–—−±→×ÄÖÜäöüßéñжЩЖшα`,
  "Mean nDCG@10: uniform 0.450, reweighted 0.464 (higher on 34 of 34 tasks)",
  "pubmedqa has the highest weight (0.125), arbanking77 the lowest (0.020)",
  "WWWMMMmmm@@@%%% iiillljjj...",
];

Deno.test({
  name: "texts take no more room than they are given, in Chromium",
  ignore: skipBrowser,
  // Playwright keeps its connection to the browser for a moment.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    const browser = await startChromium();
    const page = await browser.newPage();
    try {
      await t.step("letter by letter, plain and bold", async () => {
        for (const bold of [false, true]) {
          const measured: number[] = await page.evaluate(([texts, weight]) => {
            const pen = document.createElement("canvas").getContext("2d");
            pen.font = `${weight} 100px "DejaVu Sans", sans-serif`;
            return (texts as string[]).map((text) =>
              pen.measureText(text).width
            );
          }, [TEXTS, bold ? 600 : 400] as [string[], number]);
          for (const [i, text] of TEXTS.entries()) {
            const given = textWidth(text, 100, bold);
            assert.ok(
              given >= measured[i]! - 0.5,
              `${text}${bold ? " bold" : ""}: ${given} for ${measured[i]}`,
            );
            // Nor is there room for half as much again, but for single letters.
            if (text.length > 40) assert.ok(given < 1.25 * measured[i]!);
          }
        }
      });

      await t.step("no text of a picture passes its edge", async () => {
        const tasks = ["WWW-MMM-mmm", "node-api", "a"];
        const svg = await renderSvg(ndcgPlot(
          tasks.flatMap((task, k) =>
            ["uniform", "reweighted", "top"].map((arm, a) => ({
              task,
              arm,
              ndcg: 0.4 + k / 10 + a / 100,
            }))
          ),
        ));
        await page.setContent(svg);
        const past: string[] = await page.evaluate(() => {
          const picture = document.querySelector("svg").getBoundingClientRect();
          return [...document.querySelectorAll("text")].filter((text) => {
            const box = text.getBoundingClientRect();
            return box.right > picture.right || box.left < picture.left;
          }).map((text) => text.textContent);
        });
        assert.deepEqual(past, []);
      });
    } finally {
      await browser.close();
    }
  },
});
