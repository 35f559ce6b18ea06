import { type Browser, chromium, type Page } from "playwright-core";

/** Where Chromium is, by its usual names; `TDRO_CHROMIUM` names another one. */
const PLACES = [
  Deno.env.get("TDRO_CHROMIUM"),
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** Path of Chromium; undefined where there is none. */
export function chromiumPath(): string | undefined {
  return PLACES.find((path) => {
    try {
      return path !== undefined && Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** Whether tests in a browser are to be skipped: nobody asked, and none there. */
export const skipBrowser: boolean = chromiumPath() === undefined &&
  Deno.env.get("TDRO_REQUIRE_CHROMIUM") !== "1";

/** Starts Chromium; the caller closes it. */
export function startChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) {
    throw new Deno.errors.NotFound(
      "Cannot start Chromium: TDRO_REQUIRE_CHROMIUM is 1 and no browser is there; install it or name it by TDRO_CHROMIUM",
    );
  }
  return chromium.launch({
    executablePath,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update"],
      "--disable-sync",
    ],
  });
}

/** A page with what it did that it should not. */
export interface WatchedPage {
  /** The page. */
  page: Page;
  /** Errors and warnings of the console, and uncaught exceptions. */
  complaints: string[];
  /** Addresses that it asked for, but for its own file. */
  requests: string[];
  /** Texts of dialogs, which a script that got in would open. */
  dialogs: string[];
}

/** What a test may choose of a page. */
export interface PageSettings {
  /** Width of the window in px. */
  width?: number;
  /** Height of the window in px. */
  height?: number;
  /** Whether the reader prefers a dark ground. */
  dark?: boolean;
  /** Whether scripts run. */
  javaScript?: boolean;
  /** Whether the network is cut off, that of this machine too. */
  offline?: boolean;
}

/** Opens a file, offline unless it is to be otherwise. */
export async function openFile(
  browser: Browser,
  url: string,
  {
    width = 1280,
    height = 900,
    dark = false,
    javaScript = true,
    offline = true,
  }: PageSettings = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    javaScriptEnabled: javaScript,
    acceptDownloads: true,
    offline,
  });
  const page = await context.newPage();
  const watched: WatchedPage = {
    page,
    complaints: [],
    requests: [],
    dialogs: [],
  };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      watched.complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => watched.complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    watched.dialogs.push(dialog.message());
    dialog.dismiss().catch(() => {});
  });
  page.on("request", (request) => {
    if (request.url() !== url) watched.requests.push(request.url());
  });
  await page.goto(url);
  return watched;
}
