/**
 * The page of `tdro serve` in a real browser: what a reader sees and does, and
 * what hostile texts can't do.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { serveHandler } from "../../../lib/cli/serve/handler.ts";
import type { Column } from "../../../lib/cli/serve/columns.ts";
import type { ServedRun } from "../../../lib/cli/serve/served_run.ts";
import { searchPage } from "../../../lib/report/page/search_page.ts";
import type { Suite } from "../../../lib/data/mod.ts";
import { fakeColumn, servedToy } from "../../cli/serve/_served_toy.ts";
import { toySuite } from "../../_toy_suite.ts";
import { checkAccessible, overflow } from "./_checks.ts";
import {
  openFile,
  type PageSettings,
  skipBrowser,
  startChromium,
} from "./_chromium.ts";

// Of the page, in functions that are evaluated there.
// deno-lint-ignore no-explicit-any
declare const document: any;

/** Each would open a dialog if any of it ever ran or was taken for markup. */
const HOSTILE = [
  "</script><script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  'javascript:alert(3)//"><a href="javascript:alert(3)">x</a>',
  "<svg onload=alert(4)><style>*{display:none}</style>",
  "\u202e<iframe srcdoc='<script>parent.alert(5)</script>'>",
  "&lt;b&gt;'];alert(6);//",
];

/** The toy suite with hostile texts wherever a text can be. */
function hostileSuite(): Suite {
  const { tasks: [task] } = toySuite();
  const at = (i: number) => HOSTILE[i % HOSTILE.length]!;
  let i = 0;
  for (const passage of task!.corpus.values()) {
    passage.title = at(i++);
    passage.text = `${at(i)} ${"long ".repeat(i % 3 * 60)}${at(i + 1)}`;
  }
  for (const query of task!.queries.values()) query.text = at(i++) + i;
  task!.name = "__proto__";
  task!.prompt = at(0);
  task!.language = [at(1)];
  return { name: at(2), tasks: [task!] };
}

interface Served extends AsyncDisposable {
  /** Address of the page, with a slash at the end. */
  url: string;
}

async function serve(
  run: ServedRun,
  columns: Column[] = [fakeColumn("uniform"), fakeColumn("bm25", true)],
): Promise<Served> {
  const page = await searchPage(run.name);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    serveHandler(run, { columns, page }),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Opens an address of the page and waits until all is there. */
async function open(
  browser: Browser,
  url: string,
  settings: PageSettings = {},
) {
  const seen = await openFile(browser, url, { ...settings, offline: false });
  await ready(seen.page);
  return seen;
}

function ready(page: Page): Promise<unknown> {
  return page.waitForSelector("html.ready", { state: "attached" });
}

Deno.test({
  name: "the page of tdro serve in Chromium",
  ignore: skipBrowser,
  // Playwright keeps its connection to the browser for a moment.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    const browser = await startChromium();
    try {
      await t.step("a reader goes from the tasks to a bad query", async () => {
        await using served = await serve(servedToy());
        const { page, complaints, requests } = await open(browser, served.url);
        const head = page.locator("thead th");
        assert.deepEqual(
          await head.allTextContents(),
          ["task", "uniform", "queries", "passages"],
        );
        await page.getByRole("link", { name: "shades" }).click();
        await ready(page);
        const worst = page.locator(".columns li").first();
        assert.match(
          (await worst.textContent())!,
          /^shades-q00\.000.*red bird/,
        );
        await worst.getByRole("link").press("Enter");
        await ready(page);
        assert.match(page.url(), /\?task=shades&query=shades-q0$/);
        const columns = page.locator(".columns > section");
        assert.deepEqual(
          await columns.locator("h3").allTextContents(),
          ["uniform", "bm25"],
        );
        assert.equal(await columns.first().locator("li").count(), 10);
        const marked = page.locator("li.relevant");
        assert.equal(await marked.count(), 1);
        assert.match(
          (await marked.textContent())!,
          /shades-p0.*✓ relevant, grade 1/,
        );
        assert.deepEqual(
          await page.locator("tbody tr > *").allTextContents(),
          ["shades-p0", "1", "1", "36", "the shade of a red bird"],
        );
        assert.equal(
          await page.title(),
          "which shade has the red bird · toy-run",
        );
        await page.goBack();
        await ready(page);
        assert.equal(await page.locator("h2").first().textContent(), "shades");
        assert.deepEqual(complaints, []);
        const { origin } = new URL(served.url);
        assert.deepEqual(
          requests.filter((to) => new URL(to).origin !== origin),
          [],
        );
        await page.context().close();
      });

      await t.step("a typed query is searched by key alone", async () => {
        await using served = await serve(servedToy());
        const { page } = await open(browser, `${served.url}?task=places`);
        assert.equal(await page.locator("#task").inputValue(), "places");
        await page.locator("#task").focus();
        await page.keyboard.press("Tab");
        await page.keyboard.type("a lamp & a <stone>");
        await page.keyboard.press("Enter");
        await page.waitForURL(/q=a\+lamp/);
        await ready(page);
        assert.equal(
          await page.locator("h2").first().textContent(),
          "a lamp & a <stone>",
        );
        assert.match(
          (await page.locator(".facts").first().textContent())!,
          /In places; a text of your own: nothing is judged/,
        );
        assert.equal(await page.locator("li.relevant").count(), 0);
        assert.equal(
          await page.locator("#q").inputValue(),
          "a lamp & a <stone>",
        );
        await page.context().close();
      });

      await t.step(
        "columns fill one by one, and one that fails says why",
        async () => {
          let finish = () => {};
          const slow: Column = {
            ...fakeColumn("slow"),
            async search(task, text, options) {
              options.onProgress?.(1200, 5000);
              await new Promise<void>((resolve) => finish = resolve);
              return await fakeColumn("slow").search(task, text, options);
            },
          };
          const broken: Column = {
            ...fakeColumn("broken"),
            search: () =>
              Promise.reject(new RangeError("Cannot load <b>x</b>")),
          };
          const columns = [slow, broken, fakeColumn("bm25")];
          await using served = await serve(servedToy(), columns);
          const { page } = await openFile(
            browser,
            `${served.url}?task=shades&q=bird`,
            { offline: false },
          );
          const place = page.locator(".columns > section");
          await place.nth(2).locator("li").first().waitFor();
          assert.equal(
            await place.nth(1).getByRole("alert").textContent(),
            "Cannot load <b>x</b>",
          );
          const bar = place.nth(0).locator("progress");
          await bar.waitFor();
          assert.match(
            (await place.nth(0).textContent())!,
            /encoding passages: 1,200 of 5,000/,
          );
          assert.equal(await bar.getAttribute("value"), "1200");
          await checkAccessible(page, "while a column is encoded");
          finish();
          await ready(page);
          assert.equal(await place.nth(0).locator("li").count(), 10);
          await page.context().close();
        },
      );

      await t.step("what isn't there is said on the page", async () => {
        await using served = await serve(servedToy());
        for (
          const [path, says] of [
            ["?task=nowhere", "The suite has no such task"],
            ["?task=shades&query=none", "The task has no such judged query"],
          ]
        ) {
          const { page } = await open(browser, `${served.url}${path}`);
          assert.equal(await page.getByRole("alert").textContent(), says);
          await page.context().close();
        }
      });

      await t.step("hostile texts are texts and nothing else", async () => {
        const suite = hostileSuite();
        const run = {
          ...servedToy(suite),
          name: HOSTILE[0]!,
          notes: [HOSTILE[1]!],
        };
        await using served = await serve(run);
        const [query] = [...suite.tasks[0]!.qrels.test!.keys()];
        for (
          const path of [
            "",
            "?task=__proto__",
            `?task=__proto__&query=${query}`,
            `?task=__proto__&q=${encodeURIComponent(HOSTILE[1]!)}`,
          ]
        ) {
          const seen = await open(browser, `${served.url}${path}`, {
            width: 360,
          });
          const { page, dialogs, complaints } = seen;
          for (const details of await page.locator("summary").all()) {
            await details.click();
          }
          const made = await page.evaluate(() => ({
            foreign: document.querySelectorAll(
              "img, iframe, object, embed, svg, main style, main script",
            ).length,
            handlers: [...document.querySelectorAll("*")].filter((element) =>
              [...element.attributes].some(({ name }) =>
                /^on/i.test(name)
              )
            ).length,
            links: [...document.querySelectorAll("a")].map((a) =>
              String(a.getAttribute("href")).slice(0, 2)
            ).filter((to) => to !== "/" && to !== "/?").length,
            title: document.querySelector("h1")!.textContent,
          }));
          assert.deepEqual(made, {
            ...{ foreign: 0, handlers: 0, links: 0 },
            title: HOSTILE[0],
          });
          assert.deepEqual(dialogs, [], path);
          assert.deepEqual(complaints, [], path);
          assert.ok(await overflow(page) <= 0, `${path} is wider than 360 px`);
          await page.context().close();
        }
      });

      for (const dark of [false, true]) {
        const looks = dark ? "dark" : "light";
        await t.step(`accessible, ${looks}, wide and on a phone`, async () => {
          const suite = toySuite();
          for (const passage of suite.tasks[0]!.corpus.values()) {
            passage.title = "A title";
            passage.text += " and so on".repeat(40);
          }
          const run = { ...servedToy(suite), notes: ["A note."] };
          const columns = ["start", "uniform", "reweighted", "top", "bm25"]
            .map((name, c) => fakeColumn(name, c > 2));
          await using served = await serve(run, columns);
          for (
            const path of ["", "?task=shades", "?task=shades&query=shades-q0"]
          ) {
            const { page } = await open(browser, `${served.url}${path}`, {
              dark,
            });
            await checkAccessible(page, `wide ${path}`);
            await page.setViewportSize({ width: 390, height: 844 });
            assert.ok(await overflow(page) <= 0, `${path} is too wide`);
            await checkAccessible(page, `narrow ${path}`);
            await page.context().close();
          }
        });
      }

      await t.step("another page can neither read nor ask", async () => {
        const asked: string[] = [];
        const column: Column = {
          ...fakeColumn("uniform"),
          search: (...args) => {
            asked.push(args[1]);
            return fakeColumn("uniform").search(...args);
          },
        };
        await using served = await serve(servedToy(), [column]);
        const target = `${served.url}api/search?task=shades&q=x&column=uniform`;
        // Another port is another origin of the same site.
        const other = Deno.serve(
          { hostname: "127.0.0.1", port: 0, onListen() {} },
          () => new Response("a page of somebody else"),
        );
        const { page } = await openFile(
          browser,
          `http://127.0.0.1:${other.addr.port}/`,
          { offline: false },
        );
        const read = await page.evaluate(async (url: string) => {
          const outcomes: string[] = [];
          for (const mode of ["cors", "no-cors"] as const) {
            outcomes.push(
              await fetch(url, { mode }).then(
                async (response) => `read ${(await response.text()).length}`,
                () => "refused",
              ),
            );
          }
          return outcomes;
        }, target);
        assert.deepEqual(read, ["refused", "refused"]);
        assert.deepEqual(asked, []);
        await page.context().close();
        await other.shutdown();
      });
    } finally {
      await browser.close();
    }
  },
});
