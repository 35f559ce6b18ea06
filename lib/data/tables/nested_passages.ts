/** Keys of a passage's text, the best first; sentences are put together. */
const TEXTS = [
  "text",
  "passage_text",
  "paragraph_text",
  "passage",
  "paragraph",
  "content",
  "contents",
  "sentences",
];

/** Keys that say whether a passage of a list answers: MS MARCO's, MuSiQue's. */
const FLAGS = [
  "is_selected",
  "is_supporting",
  "is_relevant",
  "is_positive",
];

/** The first of some keys that an object has, with what it holds. */
function first(
  object: Record<string, unknown>,
  keys: readonly string[],
): { key: string; value: unknown } | undefined {
  const key = keys.find((key) => Object.hasOwn(object, key));
  return key === undefined ? undefined : { key, value: object[key] };
}

/** The key of a passage's text, and what it holds; `undefined` if there is none. */
export function nestedText(
  object: Record<string, unknown>,
): { key: string; value: unknown } | undefined {
  const found = first(object, TEXTS);
  if (found?.key !== "sentences" || !Array.isArray(found.value)) return found;
  // Each has its blanks.
  return { key: found.key, value: found.value.join("") };
}

/** What says whether a passage answers; `undefined` if nothing does. */
export function nestedFlag(
  object: Record<string, unknown>,
): { key: string; value: unknown } | undefined {
  return first(object, FLAGS);
}

/**
 * The passages of a cell that holds several, each by itself: of lists side by side
 * (`{title: […], sentences: [[…]]}`, as parquet has it), or of pairs of a title and
 * sentences (`[["Emma", ["A novel.", …]], …]`, as HotpotQA's files have it).
 *
 * @returns A list; `undefined` if the cell is a single passage.
 */
export function nestedItems(cell: object): unknown[] | undefined {
  if (Array.isArray(cell)) {
    return cell.length > 0 && cell.every(isTitled)
      ? cell.map(([title, sentences]) => ({ title, sentences }))
      : cell;
  }
  const object = cell as Record<string, unknown>;
  const found = first(object, TEXTS);
  const lists = Object.entries(object).filter(([, value]) =>
    Array.isArray(value)
  ) as [string, unknown[]][];
  const several = found && Array.isArray(found.value) &&
    (found.key !== "sentences" || found.value.some(Array.isArray) ||
      Array.isArray(object.title));
  if (!several) return undefined;
  return (found.value as unknown[]).map((_, i) =>
    Object.fromEntries(lists.map(([key, list]) => [key, list[i]]))
  );
}

/** Lists side by side of which one is shorter than the texts'. */
export function unevenList(cell: object): string | undefined {
  const found = first(cell as Record<string, unknown>, TEXTS);
  if (!found || !Array.isArray(found.value)) return undefined;
  const { length } = found.value;
  return Object.entries(cell).find(([, value]) =>
    Array.isArray(value) && value.length !== length
  )?.[0];
}

function isTitled(item: unknown): item is [string, string[]] {
  return Array.isArray(item) && item.length === 2 &&
    typeof item[0] === "string" && Array.isArray(item[1]) &&
    item[1].every((sentence) => typeof sentence === "string");
}

/**
 * The titles that a cell of supporting facts names: HotpotQA's and its like, in any
 * of their forms.
 */
export function supportingTitles(cell: unknown): Set<string> | undefined {
  if (typeof cell !== "object" || cell === null) return undefined;
  const titles = Array.isArray(cell)
    ? cell.map((fact) =>
      Array.isArray(fact) ? fact[0] : (fact as { title?: unknown })?.title
    )
    : [(cell as { title?: unknown }).title].flat();
  return titles.every((title) => typeof title === "string")
    ? new Set(titles.map((title) => title.trim()))
    : undefined;
}
