/**
 * The only script of the search page. The address says what is shown: nothing (the
 * tasks), a task (its worst queries), a task and a query (what each column finds).
 * It asks for data and builds elements whose texts are set as texts: nothing that
 * comes back is ever read as HTML.
 */
export const SEARCH_SCRIPT = `
"use strict";
(async () => {
  const at = (id) => document.getElementById(id);
  const CUT = 240;
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  const count = (n, one, many) => n.toLocaleString("en") + " " + (n === 1 ? one : many);
  const score = (x) => x.toFixed(3);
  const address = (values) => "/?" + new URLSearchParams(values);
  const link = (text, values) => make("a", { href: address(values) }, text);
  const has = (object, name) => Object.hasOwn(object, name);
  const say = (text) => at("state").textContent = text;

  const ask = async (path, values = {}) => {
    const response = await fetch(path + "?" + new URLSearchParams(values));
    if (!response.ok) throw new Error((await response.json()).error);
    return response;
  };
  const askJson = async (path, values) => (await ask(path, values)).json();

  /** Messages of a search, a line each, as they come. */
  async function* messages(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = "";;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\\n");
      rest = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  }

  const scroller = (label, kind, ...children) =>
    make("div", { class: kind, role: "region", tabindex: "0", "aria-label": label }, ...children);

  const headRow = (names) =>
    make("thead", {}, make("tr", {}, ...names.map(([name, number]) =>
      make("th", { scope: "col", class: number ? "number" : null }, name))));

  const wholeText = ({ title, text }) => {
    const letters = [...text];
    const body = letters.length <= CUT + 40
      ? make("p", {}, text)
      : make("details", {},
        make("summary", {},
          make("span", { class: "cut" }, letters.slice(0, CUT).join("").trimEnd() + "\\u2026"),
          make("span", { class: "less" }, "less")),
        make("p", {}, text));
    return make("div", {}, title === "" ? null : make("b", {}, title), body);
  };

  const mark = (grade) =>
    grade === null ? null : grade > 0
      ? make("span", { class: "mark" }, "\\u2713 relevant, grade " + grade)
      : make("span", { class: "mark not" }, "judged not relevant");

  /* The tasks. */

  const showTasks = ({ tasks, columns }) => {
    const scored = columns.filter(({ name }) => tasks.some((task) => has(task.means, name)));
    const rows = tasks.map((task) => {
      const best = Math.max(...scored.map(({ name }) => has(task.means, name) ? task.means[name] : -1));
      return make("tr", {},
        make("th", { scope: "row" }, link(task.name, { task: task.name })),
        ...scored.map(({ name }) => {
          const known = has(task.means, name);
          const top = known && task.means[name] === best && scored.length > 1;
          return make("td", { class: top ? "number best" : "number" },
            known ? score(task.means[name]) : "\\u2013");
        }),
        make("td", { class: "number" }, task.queries.toLocaleString("en")),
        make("td", { class: "number" }, task.passages.toLocaleString("en")));
    });
    const caption = scored.length === 0 ? "Tasks" : "nDCG@10 by task";
    const names = [["task"], ...scored.map(({ label }) => [label, true]),
      ["queries", true], ["passages", true]];
    at("content").append(make("section", {},
      make("p", { class: "facts" }, "Type a query above, or choose a task for the queries that each arm answered worst."),
      scroller(caption, "scroll", make("table", {},
        make("caption", {}, caption), headRow(names), make("tbody", {}, ...rows)))));
  };

  /* A task and its worst queries. */

  const showTask = async ({ columns }, name) => {
    const task = await askJson("/api/task", { task: name });
    document.title = task.name + " \\u00b7 " + document.title;
    const scored = columns.filter(({ name }) => has(task.worst, name));
    const labelOf = (arm) => columns.find(({ name }) => name === arm)?.label ?? arm;
    const entry = ({ id, text, ndcg, better }) => make("li", {},
      make("div", { class: "top" }, make("span", {}, id), make("span", { class: "score" }, score(ndcg))),
      make("p", {}, text === null ? "not in this suite" : link(text, { task: task.name, query: id })),
      better === null ? null
        : make("p", { class: "facts" }, labelOf(better.arm) + ": " + score(better.ndcg)));
    at("content").append(make("section", {},
      make("h2", {}, task.name),
      make("p", { class: "facts" }, count(task.queries, "judged query", "judged queries") + ", " +
        count(task.passages, "passage", "passages") + ", language " + task.language),
      task.prompt === "" ? null : make("p", { class: "facts" }, "Prompt: " + task.prompt)));
    if (scored.length === 0) {
      at("content").append(make("p", {}, "No evaluation of this task is in the run."));
      return;
    }
    at("content").append(make("section", {},
      make("h2", {}, "Queries with the lowest nDCG@10"),
      make("p", { class: "facts" }, "Of equally bad ones, first those that another arm answers better."),
      scroller("Worst queries under each arm", "columns", ...scored.map(({ name, label }) =>
        make("section", {},
          make("h3", {}, label + (has(task.means, name) ? ", mean " + score(task.means[name]) : "")),
          make("ol", {}, ...task.worst[name].map(entry)))))));
  };

  /* A query and what is found. */

  const hit = (found) => make("li", { class: found.grade > 0 ? "relevant" : null },
    make("div", { class: "top" },
      make("span", {}, found.id), mark(found.grade),
      make("span", { class: "score" }, score(found.score))),
    wholeText(found));

  const fillColumn = async (place, values, onFound) => {
    const bar = make("progress", { "aria-label": "Passages encoded" });
    const told = make("p", { class: "waiting" }, "waiting");
    place.append(told);
    const fail = (text) => told.replaceWith(make("p", { class: "error", role: "alert" }, text));
    try {
      for await (const message of messages(await ask("/api/search", values))) {
        if (has(message, "error")) return fail(message.error);
        if (has(message, "total")) {
          told.textContent = "encoding passages: " + message.done.toLocaleString("en") +
            " of " + message.total.toLocaleString("en");
          bar.max = message.total;
          bar.value = message.done;
          told.append(bar);
        } else {
          told.remove();
          place.append(message.hits.length === 0
            ? make("p", { class: "waiting" }, "nothing found")
            : make("ol", { class: "hits" }, ...message.hits.map(hit)));
          onFound(message);
        }
      }
    } catch {
      fail("The search has stopped: is tdro serve still running?");
    }
  };

  /** Ranks of the relevant passages: a row each, a column that fills for each arm. */
  const relevantTable = (columns) => {
    const body = make("tbody", {});
    const section = make("section", { hidden: "" }, scroller("Relevant passages", "scroll",
      make("table", {}, make("caption", {}, "Relevant passages, with their ranks"),
        headRow([["passage"], ["grade", true], ...columns.map(({ label }) => [label, true]), ["text"]]),
        body)));
    const add = (c, { relevant, depth }) => {
      if (relevant.length === 0) return;
      section.hidden = false;
      relevant.forEach((passage, r) => {
        if (!body.rows[r]) {
          body.append(make("tr", {},
            make("th", { scope: "row" }, passage.id),
            make("td", { class: "number" }, String(passage.grade)),
            ...columns.map(() => make("td", { class: "number" }, "\\u2026")),
            make("td", { class: "text" }, wholeText(passage))));
        }
        body.rows[r].cells[2 + c].textContent = passage.rank !== null
          ? String(passage.rank)
          : depth === null ? "not found" : "> " + depth;
      });
    };
    return { section, add };
  };

  const showQuery = async ({ columns }, values) => {
    const query = await askJson("/api/query", values);
    document.title = query.text + " \\u00b7 " + document.title;
    at("q").value = query.text;
    const scores = columns.filter(({ name }) => has(query.scores, name))
      .map(({ name, label }) => label + " " + score(query.scores[name]));
    at("content").append(make("section", {},
      make("h2", {}, query.text),
      make("p", { class: "facts" }, "In ", link(values.task, { task: values.task }),
        query.id === null
          ? "; a text of your own: nothing is judged for it."
          : "; judged query " + query.id + ", " + count(query.judged, "judgment", "judgments") + "."),
      scores.length === 0 ? null : make("p", { class: "facts" }, "nDCG@10: " + scores.join(", "))));
    const { section, add } = relevantTable(columns);
    const places = columns.map(({ label }) => make("section", {}, make("h3", {}, label)));
    at("content").append(
      make("section", {}, scroller("Hits of each model", "columns", ...places)), section);
    let there = 0;
    await Promise.all(columns.map(async ({ name }, c) => {
      await fillColumn(places[c], { ...values, column: name }, (message) => add(c, message));
      say(++there + " of " + columns.length + " columns are there");
    }));
    say("");
  };

  try {
    const run = await askJson("/api/run");
    at("about").textContent = "Suite " + run.suite + ", " + count(run.tasks.length, "task", "tasks");
    if (run.notes.length > 0) {
      at("notes").append(make("div", { class: "warnings", role: "note" },
        make("ul", {}, ...run.notes.map((note) => make("li", {}, note)))));
    }
    at("task").append(...run.tasks.map(({ name }) => make("option", { value: name }, name)));
    const asked = new URLSearchParams(location.search);
    const task = asked.get("task");
    if (task !== null) at("task").value = task;
    const text = asked.get("q") ?? "";
    if (asked.has("query")) await showQuery(run, { task, query: asked.get("query") });
    else if (text.trim() !== "") await showQuery(run, { task, q: text });
    else if (task !== null) await showTask(run, task);
    else showTasks(run);
  } catch (error) {
    at("content").append(make("p", { class: "error", role: "alert" }, error.message));
  }
  document.documentElement.classList.add("ready");
})();
`;
