import { passageText } from "../../base/texts/passage_text.ts";
import { printable } from "../../base/printable.ts";
import type { TaskHit } from "../../experiment/retriever/search_tasks.ts";

/** Least width of the texts: a long id makes the lines longer instead. */
const LEAST_TEXT = 20;

/**
 * Hits as a table for a terminal, a line each: texts are cut where it ends.
 *
 * @param hits The hits, best first.
 * @param options `columns`: characters a line; `tasks`: whether to name the tasks.
 * @returns Lines joined by `\n`.
 */
export async function hitsTable(
  hits: readonly TaskHit[],
  { columns, tasks }: { columns: number; tasks: boolean },
): Promise<string> {
  const { textTable } = await import("../../report/tables/text_table.ts");
  const { displayWidth } = await import("../../report/notebook/terminal.ts");
  if (hits.length === 0) return "No passage shares a word with the query";
  const table = (text: (hit: TaskHit) => string) =>
    textTable(
      hits.map((hit) => {
        const { score, task: { name: task }, passage: { id } } = hit;
        return tasks
          ? { score, task, id, text: text(hit) }
          : { score, id, text: text(hit) };
      }),
      { digits: 4, maxRows: hits.length, footRows: 0, maxChars: 10_000 },
    );
  const [heads] = table(() => "").split("\n");
  const room = columns - displayWidth(heads!.slice(0, -"text".length));
  return table(({ passage }) =>
    cutText(printable(passageText(passage)), {
      width: Math.max(LEAST_TEXT, room),
      displayWidth,
    })
  );
}

/** A text that takes at most so many cells; one that was cut ends in `…`. */
function cutText(
  text: string,
  { width, displayWidth }: {
    width: number;
    displayWidth: (text: string) => number;
  },
): string {
  let cut = "";
  let cells = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    cells += displayWidth(segment);
    if (cells > width) return `${shorter(cut, width, displayWidth)}…`;
    cut += segment;
  }
  return cut;
}

/** Takes letters off the end until one more cell is free. */
function shorter(
  text: string,
  width: number,
  displayWidth: (text: string) => number,
): string {
  const letters = [...new Intl.Segmenter().segment(text)]
    .map(({ segment }) => segment);
  while (displayWidth(letters.join("")) > width - 1) letters.pop();
  return letters.join("").trimEnd();
}
