/**
 * The only script of a report without plots: it makes the tables sortable, and
 * unfolds what is folded where a link leads there or the page is printed. It
 * writes nothing into the page but buttons and the order of rows. Without it (in
 * a viewer that runs no scripts) the tables are as they were given.
 */
export const REPORT_SCRIPT = `
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const given = [...body.rows];
  const numeric = (cell) => cell.hasAttribute("data-value");
  const known = (row, c) => {
    const cell = row.cells[c];
    return numeric(cell) || cell.textContent !== "\u2013";
  };
  const compare = (a, b, c) => {
    const x = a.cells[c], y = b.cells[c];
    if (numeric(x) && numeric(y)) return x.dataset.value - y.dataset.value;
    return x.textContent.localeCompare(y.textContent, undefined, { numeric: true });
  };
  const sort = (c) => {
    const before = heads[c].getAttribute("aria-sort");
    // Numbers begin with the largest, texts with the first; the third press
    // brings back the order as given.
    const starts = given.some((row) => numeric(row.cells[c]))
      ? ["descending", "ascending"]
      : ["ascending", "descending"];
    const next = before === null ? starts[0] : before === starts[0] ? starts[1] : null;
    for (const head of heads) head.removeAttribute("aria-sort");
    let rows = given;
    if (next !== null) {
      heads[c].setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      // What is unknown stays at the end either way.
      rows = [...given].sort((a, b) =>
        known(b, c) - known(a, c) || sign * compare(a, b, c)
      );
    }
    body.append(...rows);
  };
  heads.forEach((head, c) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(c));
    head.append(button);
  });
}
for (const scroll of document.querySelectorAll(".scroll")) {
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = "Scroll sideways for more \u2192";
  hint.hidden = true;
  scroll.before(hint);
  const look = () => {
    const rest = scroll.scrollWidth - scroll.clientWidth;
    hint.hidden = rest <= 1;
    scroll.classList.toggle("cut", rest - scroll.scrollLeft > 1);
  };
  scroll.addEventListener("scroll", look, { passive: true });
  const watch = new ResizeObserver(look);
  for (const part of [scroll, ...scroll.children]) watch.observe(part);
}
const unfold = () => {
  const at = document.getElementById(location.hash.slice(1));
  for (let fold = at; fold; fold = fold.parentElement) {
    if (fold.localName === "details") fold.open = true;
  }
  if (at) at.scrollIntoView();
};
addEventListener("hashchange", unfold);
if (location.hash !== "") unfold();
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const fold of folded) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of folded) fold.open = false;
});
`;
