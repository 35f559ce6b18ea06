/**
 * The report in a real browser, opened as a file and offline: what a reader
 * sees, and what a hostile name can't do.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import {
  gainPlot,
  htmlReport,
  ndcgPlot,
  type ReportContent,
  resultsTable,
  weightsPlot,
  weightTrajectoryPlot,
} from "../../../lib/report/mod.ts";
import {
  ndcgRows,
  resultRows,
  TASKS,
  weightSteps,
} from "../../report/_sample_rows.ts";
import { reportRuns } from "../../../lib/experiment/mod.ts";
import { writeFakeArena, writeFakeRun } from "../../experiment/_fake_runs.ts";
import { inTempFolder } from "../../_temp_folder.ts";
import { checkAccessible, overflow } from "./_checks.ts";
import { openFile, skipBrowser, startChromium } from "./_chromium.ts";

// Of the page, in functions that are evaluated there.
// deno-lint-ignore no-explicit-any
declare const document: any, getComputedStyle: any, innerWidth: number;

/** Each would open a dialog if any of it ever ran or was taken for markup. */
const HOSTILE = [
  "</script><script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  'javascript:alert(3)//"><a href="javascript:alert(3)">x</a>',
  'datum["x"]+alert(4)',
  "signal: {{constructor.constructor('alert(5)')()}}",
  "<svg onload=alert(6)><style>*{display:none}</style>",
  "\u202e<iframe srcdoc='<script>parent.alert(7)</script>'>",
  "'];alert(8);//",
];

/** A plot whose field names and expressions are texts of strangers. */
function hostileSpec(): Record<string, unknown> {
  const field = "x\\\\'] + constructor.constructor('alert(9)')() + datum['";
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: HOSTILE[0],
    // What Vega-Embed would take as its own options.
    usermeta: { embedOptions: { ast: false, actions: true, mode: "vega" } },
    data: { values: HOSTILE.map((name, i) => ({ name, v: i, [field]: i })) },
    transform: [
      { calculate: "datum.name", as: "same" },
    ],
    mark: { type: "bar", tooltip: { content: "data" } },
    encoding: {
      y: { field: "name", type: "nominal" },
      x: { field: "v", type: "quantitative" },
      href: { value: "javascript:alert(10)" },
    },
  };
}

function content(tasks: readonly string[], plots = true): ReportContent {
  return {
    title: tasks[0]!,
    summary: [...tasks],
    warnings: [tasks[1]!],
    tables: [{ caption: tasks[0]!, table: resultsTable(resultRows(tasks)) }],
    plots: !plots ? [] : [
      { title: "Weights", spec: weightsPlot(resultRows(tasks)) },
      {
        title: "nDCG",
        spec: ndcgPlot(ndcgRows(tasks)),
        description: tasks[1]!,
      },
      { title: "Steps", spec: weightTrajectoryPlot(weightSteps(tasks, 20)) },
      {
        title: "Gain",
        spec: gainPlot(tasks.map((arm, k) => ({
          arm,
          dataUsed: 1 / (k + 1),
          ndcg: k / 100,
        }))),
      },
    ],
    appendix: [{ caption: "More", table: tasks.map((name) => ({ name })) }],
    provenance: { seed: 1, names: tasks },
  };
}

/** One browser for all that follows. */
async function inBrowser(
  use: (browser: Browser, write: (html: string) => Promise<string>) => Promise<
    void
  >,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tdro-report-" });
  const browser = await startChromium();
  let files = 0;
  try {
    await use(browser, async (html) => {
      const path = join(folder, `report-${files++}.html`);
      await Deno.writeTextFile(path, html);
      return pathToFileURL(path).href;
    });
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function ready(page: Page): Promise<unknown> {
  return page.waitForSelector("html.ready", { state: "attached" });
}

/** Opens what is folded, as a reader would. */
async function unfold(page: Page): Promise<void> {
  for (const fold of await page.locator("details > summary").all()) {
    await fold.press("Enter");
  }
  assert.equal(await page.locator("details:not([open])").count(), 0);
}

Deno.test({
  name: "the report in Chromium",
  ignore: skipBrowser,
  // Playwright keeps its connection to the browser for a moment.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: (t) =>
    inBrowser(async (browser, write) => {
      const plain = await write(await htmlReport(content(TASKS)));

      await t.step("plots are drawn and answer the pointer", async () => {
        const seen = await openFile(browser, plain);
        const { page } = seen;
        await ready(page);
        assert.equal(await page.locator(".drawing.live").count(), 4);
        const bar = page.locator(".drawing.live").first().locator(
          ".mark-rect path[aria-label], .mark-rect path",
        ).first();
        await bar.hover();
        const tip = page.locator(".tip.shown");
        assert.match((await tip.textContent())!, /json-paths.*weight/s);
        assert.deepEqual(seen.complaints, []);
        assert.deepEqual(seen.requests, []);
        await page.context().close();
      });

      await t.step("a column sorts by its head, by key as well", async () => {
        const { page } = await openFile(browser, plain);
        const column = (c: number) =>
          page.locator("table").first().locator(
            `tbody tr > :nth-child(${c})`,
          ).allTextContents();
        const given = await column(1);
        const head = page.locator("th button", { hasText: "uniform" });
        await head.click();
        const down = (await column(4)).map(Number);
        assert.deepEqual(down, [...down].sort((a, b) => b - a));
        await head.press("Enter");
        const up = (await column(4)).map(Number);
        assert.deepEqual(up, [...up].sort((a, b) => a - b));
        await head.press("Space");
        assert.deepEqual(await column(1), given);
        // The mean stays below.
        const foot = page.locator("table tfoot tr").first();
        assert.match((await foot.textContent())!, /^mean/);
        await page.context().close();
      });

      await t.step("files can be taken along", async () => {
        const { page } = await openFile(browser, plain);
        for (const kind of ["SVG", "Vega-Lite", "CSV"]) {
          const [download] = await Promise.all([
            page.waitForEvent("download"),
            page.locator("figure ~ .downloads a", { hasText: kind }).first()
              .click(),
          ]);
          const text = await Deno.readTextFile(await download.path());
          assert.match(
            text,
            { SVG: /^<svg /, "Vega-Lite": /^\{/, CSV: /^task,weight/ }[kind]!,
          );
        }
        await page.context().close();
      });

      await t.step("hostile names are texts and nothing else", async () => {
        const bad = content(HOSTILE);
        const html = await htmlReport({
          ...bad,
          plots: [...bad.plots!, { title: HOSTILE[3]!, spec: hostileSpec() }],
        });
        const seen = await openFile(browser, await write(html));
        const { page } = seen;
        await ready(page);
        assert.equal(await page.locator(".drawing.live").count(), 5);
        for (const drawing of await page.locator(".drawing.live").all()) {
          for (
            const mark of (await drawing.locator(
              ".mark-rect path, .mark-symbol path",
            ).all()).slice(0, 8)
          ) await mark.dispatchEvent("pointermove");
        }
        const last = page.locator(".drawing.live").last();
        await last.locator(".mark-rect path").last().click({ force: true });
        await unfold(page);
        for (const button of await page.locator("th button").all()) {
          await button.click();
        }
        const made = await page.evaluate(() => ({
          images:
            document.querySelectorAll("img, iframe, object, embed").length,
          handlers: [...document.querySelectorAll("*")].filter((element) =>
            [...element.attributes].some(({ name }) => /^on/i.test(name))
          ).length,
          // The links that Vega made, if any: none may lead anywhere.
          links: [...document.querySelectorAll("a")].map((a) =>
            String(a.getAttribute("href") ?? a.getAttribute("xlink:href"))
              .slice(0, 5)
          ).filter((to) => to !== "data:" && to !== "null").length,
          title: document.querySelector("h1")!.textContent,
        }));
        assert.deepEqual(made, {
          images: 0,
          handlers: 0,
          links: 0,
          title: HOSTILE[0],
        });
        assert.deepEqual(seen.dialogs, []);
        assert.deepEqual(seen.complaints, []);
        assert.deepEqual(seen.requests, []);
        assert.equal(page.url().startsWith("file:"), true);
        await page.context().close();
      });

      await t.step("a script that gets in would be refused", async () => {
        const html = await htmlReport(content(TASKS, false));
        const broken = html.replace(
          "</main>",
          "<script>alert(1)</script></main>",
        );
        const seen = await openFile(browser, await write(broken));
        await seen.page.waitForTimeout(50);
        assert.deepEqual(seen.dialogs, []);
        assert.match(seen.complaints.join("\n"), /Content Security Policy/);
        await seen.page.context().close();
      });

      for (const dark of [false, true]) {
        await t.step(
          `accessible, ${dark ? "dark" : "light"}, wide and on a phone`,
          async () => {
            const { page } = await openFile(browser, plain, { dark });
            await ready(page);
            await checkAccessible(page, "wide");
            await page.setViewportSize({ width: 360, height: 740 });
            assert.ok(
              await overflow(page) <= 0,
              "the page is wider than 360 px",
            );
            await checkAccessible(page, "narrow");
            await page.context().close();
          },
        );
      }

      await t.step(
        "a phone sees results, whole plots, and what is folded",
        () =>
          inTempFolder(async (folder) => {
            const tasks = Array.from(
              { length: 34 },
              (_, k) =>
                `task-${k}${k % 3 === 0 ? "-with-a-long-name".repeat(4) : ""}`,
            );
            const strategies = ["uniform", "tdro", "doremi", "temperature-3"];
            await writeFakeRun(`${folder}/run`, { tasks });
            await writeFakeArena(`${folder}/arena`, { tasks, strategies });
            for (
              const [kind, first] of [["run", "uniform"], ["arena", "nDCG@10"]]
            ) {
              const { page } = await openFile(
                browser,
                await write(await reportRuns([`${folder}/${kind}`])),
              );
              await ready(page);
              // Plots follow the window.
              await page.setViewportSize({ width: 390, height: 844 });
              await page.waitForFunction(() =>
                [...document.querySelectorAll(".drawing svg")]
                  .every((svg) => svg.clientWidth < 420)
              );
              assert.ok(await overflow(page) <= 0);
              const heads = await page.locator("table").first().locator("th")
                .allTextContents();
              assert.equal(heads[1], first);
              for (const row of await page.locator("tbody tr").all()) {
                const box = await row.locator("td").first().boundingBox();
                if (box === null) {
                  continue; // folded
                }
                assert.ok(
                  box.x + box.width <= 390,
                  "the result is out of sight",
                );
              }
              assert.equal(
                await page.locator(".hint:visible").first().textContent(),
                "Scroll sideways for more →",
              );
              assert.equal(await page.locator("details[open]").count(), 0);
              const sizes: number[] = await page.evaluate(() =>
                [...document.querySelectorAll(".drawing text")].map((text) => {
                  const { a, b } = text.getScreenCTM();
                  return Number.parseFloat(getComputedStyle(text).fontSize) *
                    Math.hypot(a, b);
                })
              );
              assert.ok(sizes.length > 100);
              assert.ok(Math.min(...sizes) >= 11, `${Math.min(...sizes)} px`);
              await page.context().close();
            }
          }),
      );

      await t.step("noise doesn't fill a picture", async () => {
        const [low, high] = [0.4567, 0.4573];
        const arms = [["uniform", low], ["reweighted", high]] as const;
        const specs = [
          ndcgPlot(arms.map(([arm, ndcg]) => ({ task: "a", arm, ndcg }))),
          gainPlot(arms.map(([arm, ndcg]) => ({ arm, dataUsed: 1, ndcg }))),
        ];
        const html = await htmlReport({
          title: "Noise",
          plots: specs.map((spec, i) => ({ title: `${i}`, spec })),
        });
        const { page } = await openFile(browser, await write(html));
        await ready(page);
        for (const [i, axis] of ["X", "Y"].entries()) {
          const labels = await page.locator(".drawing").nth(i)
            .locator(`.role-axis-label text`).allTextContents();
          const numbers = labels.map(Number).filter((n) => n > 0 && n < 1);
          const span = Math.max(...numbers) - Math.min(...numbers);
          assert.ok(span >= 0.1 - 1e-9, `${axis}: ${labels}`);
          const points = await page.locator(".drawing").nth(i)
            .locator(".mark-symbol.role-mark path").all();
          const boxes = await Promise.all(points.map((p) => p.boundingBox()));
          const [a, b] = boxes.map((box) => axis === "X" ? box!.x : box!.y);
          assert.ok(Math.abs(a! - b!) < 10, `${axis}: ${a} and ${b}`);
        }
        await page.context().close();
      });

      await t.step("long hostile names fit a phone too", async () => {
        const html = await htmlReport(
          content(HOSTILE.map((name) => name + "x".repeat(80))),
        );
        const { page } = await openFile(browser, await write(html), {
          width: 360,
        });
        await ready(page);
        assert.ok(await overflow(page) <= 0);
        await page.context().close();
      });

      await t.step(
        "runs side by side and an arena, hostile names too",
        async () => {
          const folder = await Deno.makeTempDir({ prefix: "tdro-runs-" });
          const runs = [`${folder}/a`, `${folder}/${HOSTILE[1]}`];
          try {
            for (const [i, run] of runs.entries()) {
              await writeFakeRun(run, { tasks: HOSTILE, seed: i });
            }
            await writeFakeArena(`${folder}/arena`, { tasks: HOSTILE });
            for (
              const [folders, plots] of [
                [[runs[0]!], 7],
                [runs, 5],
                [[`${folder}/arena`], 4],
              ] as const
            ) {
              const html = await reportRuns(folders);
              const seen = await openFile(browser, await write(html), {
                width: 360,
              });
              await ready(seen.page);
              assert.equal(
                await seen.page.locator(".drawing.live").count(),
                plots,
              );
              assert.ok(await overflow(seen.page) <= 0);
              await checkAccessible(seen.page, folders.join());
              assert.deepEqual(seen.complaints, []);
              assert.deepEqual(seen.requests, []);
              assert.deepEqual(seen.dialogs, []);
              await seen.page.context().close();
            }
          } finally {
            await Deno.remove(folder, { recursive: true });
          }
        },
      );

      await t.step("without scripts the drawings are there", async () => {
        const { page } = await openFile(browser, plain, { javaScript: false });
        assert.equal(await page.locator("figure svg").count(), 4);
        assert.equal(await page.locator(".drawing.live").count(), 0);
        await page.context().close();
      });

      await t.step("it prints: light, with nothing cut", async () => {
        const { page } = await openFile(browser, plain, { dark: true });
        await ready(page);
        await page.emulateMedia({ media: "print" });
        const look = await page.evaluate(() => {
          const links = document.querySelector(".downloads")!;
          return {
            ground: getComputedStyle(document.body).backgroundColor,
            ink: getComputedStyle(document.body).color,
            links: getComputedStyle(links).display,
          };
        });
        assert.deepEqual(look, {
          ground: "rgb(255, 255, 255)",
          ink: "rgb(0, 0, 0)",
          links: "none",
        });
        assert.ok((await page.pdf()).length > 20_000);
        await page.context().close();
      });
    }),
});
