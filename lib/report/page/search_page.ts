import { cspHash, escapeHtml } from "../escape.ts";
import { SEARCH_SCRIPT } from "./search_script.ts";
import { SEARCH_STYLE } from "./search_style.ts";
import { REPORT_STYLE } from "./style.ts";

/** The page of `tdro serve`; its script asks for everything else. */
export interface SearchPage {
  /** The HTML document. */
  html: string;
  /**
   * Its Content-Security-Policy, to be sent with it: its own script and style, known
   * by their hashes, and requests to where it came from.
   */
  policy: string;
}

/**
 * Makes the page that searches with several models side by side, in the looks of
 * a report.
 *
 * @param name Name of the run.
 */
export async function searchPage(name: string): Promise<SearchPage> {
  const style = REPORT_STYLE + SEARCH_STYLE;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(name)}</title>
<style>${style}</style>
</head>
<body>
<main class="search">
<header>
<h1><a href="/">${escapeHtml(name)}</a></h1>
<p id="about"></p>
<div id="notes"></div>
</header>
<form action="/" method="get" role="search" autocomplete="off">
<p><label for="task">Task</label><select id="task" name="task"></select></p>
<p><label for="q">Query</label><input id="q" name="q" type="search" maxlength="10000" enterkeyhint="search"></p>
<p><button>Search</button></p>
</form>
<p id="state" role="status"></p>
<div id="content"></div>
<noscript><p>This page needs its script: allow scripts for it.</p></noscript>
</main>
<script>${SEARCH_SCRIPT}</script>
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `script-src '${await cspHash(SEARCH_SCRIPT)}'`,
    `style-src '${await cspHash(style)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join("; ");
  return { html, policy };
}
