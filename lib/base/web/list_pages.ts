import { askJson, type AskJsonOptions, notThis } from "./ask_json.ts";

/** Most pages that a list may have; a hub puts 1,000 files on one. */
const MAX_PAGES = 1000;

/** Most bytes of a whole list. */
export const MAX_LIST_BYTES = 256 << 20;

/**
 * The entries of a list that a server gives page by page, each naming the next.
 *
 * @param url Address of the first page.
 * @param options What to send, and how long to wait.
 * @throws {WebFault} If it isn't a list, has no end or is too long.
 */
export async function* listPages(
  url: string,
  options: Omit<AskJsonOptions, "maxBytes">,
): AsyncGenerator<unknown, void, undefined> {
  const seen = new Set<string>();
  let left = MAX_LIST_BYTES;
  for (let next: string | undefined = url; next !== undefined;) {
    if (seen.has(next) || seen.size === MAX_PAGES) {
      throw notThis(
        seen.has(next)
          ? "a list that leads back to itself"
          : `a list of more than ${MAX_PAGES} pages`,
      );
    }
    seen.add(next);
    const page = await askJson(next, { ...options, maxBytes: left });
    if (!Array.isArray(page.value)) {
      throw notThis("something that isn't a list");
    }
    left -= page.bytes;
    yield* page.value;
    next = nextPage(page.headers.get("link"), page.url);
  }
}

/**
 * Where a list goes on. A mirror may hand on the hub's own address: it is asked for
 * that page itself, so that nobody else is.
 */
function nextPage(links: string | null, here: URL): string | undefined {
  const [, target] = /<([^<>]*)>\s*;\s*rel="?next\b"?/.exec(links ?? "") ?? [];
  if (target === undefined) return undefined;
  if (!URL.canParse(target, here)) throw notThis("a list with a broken end");
  const next = new URL(target, here);
  return (next.origin === here.origin ? next : new URL(next.search, here)).href;
}
