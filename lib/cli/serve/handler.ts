import type { Task } from "../../data/mod.ts";
import type { Column } from "./columns.ts";
import { searchStream, type SearchStreamOptions } from "./search_stream.ts";
import type { ServedRun } from "./served_run.ts";
import {
  askedQuery,
  judgmentsOf,
  queryScores,
  taskMeans,
  worstQueries,
} from "./task_view.ts";

/** Longest query that is taken, in letters. */
const MOST_QUERY = 10_000;

/** Names of this machine's own address; another one in `Host` is a stranger's. */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

/** The page as it is sent. */
export interface Page {
  /** The HTML document. */
  html: string;
  /** Its Content-Security-Policy. */
  policy: string;
}

/** A reply that isn't the page. */
class Refusal extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/**
 * Answers requests about a run. It reads and computes, and never writes; there is
 * no path to a file among its addresses.
 *
 * @param run The run.
 * @param options The columns and the page.
 * @returns What `Deno.serve` calls.
 */
export function serveHandler(
  run: ServedRun,
  { columns, page, ...options }: {
    columns: readonly Column[];
    page: Page;
  } & SearchStreamOptions,
): (request: Request) => Response {
  const answers: Record<string, (query: URLSearchParams) => Response> = {
    "/": () =>
      reply(page.html, {
        type: "text/html; charset=utf-8",
        policy: page.policy,
      }),
    "/api/run": () => json(runView(run, columns)),
    "/api/task": (query) => {
      const task = namedTask(run, query);
      return json({ ...taskView(task, run), worst: worstQueries(task, run) });
    },
    "/api/query": (query) => {
      const task = namedTask(run, query);
      const { grades, ...asked } = namedQuery(run, task, query);
      const { id } = asked;
      const scores = id === null ? {} : queryScores(task, id, run);
      return json({ ...asked, judged: grades.size, scores });
    },
    "/api/search": (query) => {
      const task = namedTask(run, query);
      const asked = namedQuery(run, task, query);
      const column = columns.find(({ name }) => name === query.get("column"));
      if (!column) throw new Refusal(404, "There is no such column");
      const body = searchStream(column, { task, query: asked }, options);
      return reply(body, { type: "application/x-ndjson" });
    },
  };
  return (request) => {
    try {
      refuseStrangers(request);
      const { pathname, searchParams } = new URL(request.url);
      const answer = Object.hasOwn(answers, pathname) && answers[pathname];
      if (!answer) throw new Refusal(404, "There is no such page");
      return answer(searchParams);
    } catch (error) {
      if (!(error instanceof Refusal)) options.onFault?.(error);
      const { status, message } = error instanceof Refusal
        ? error
        : new Refusal(500, "Something went wrong; the terminal says what");
      return json({ error: message }, status);
    }
  };
}

/**
 * Lets only the reader's own browser in, and only to read. A page elsewhere could
 * have its name lead here (DNS rebinding), or send requests without reading what
 * comes back: the first shows in `Host`, the second in `Sec-Fetch-Site`.
 */
function refuseStrangers({ method, headers, url }: Request): void {
  const host = headers.get("host") ?? new URL(url).host;
  if (!OWN_HOST.test(host)) {
    throw new Refusal(403, "Open this page by the address that tdro printed");
  }
  const site = headers.get("sec-fetch-site") ?? "none";
  const navigation = headers.get("sec-fetch-mode") === "navigate";
  if (!["none", "same-origin"].includes(site) && !navigation) {
    throw new Refusal(403, "Only this page itself may ask");
  }
  if (method !== "GET") throw new Refusal(405, "This page can only be read");
}

function namedTask({ suite }: ServedRun, query: URLSearchParams): Task {
  const name = query.get("task");
  const task = suite.tasks.find((task) => task.name === name);
  if (!task) throw new Refusal(404, "The suite has no such task");
  return task;
}

function namedQuery(run: ServedRun, task: Task, query: URLSearchParams) {
  const text = query.get("q") ?? "";
  const id = query.get("query") ?? undefined;
  if (text.length > MOST_QUERY) throw new Refusal(400, "The query is too long");
  if (id === undefined && text.trim() === "") {
    throw new Refusal(400, "The query must hold a word");
  }
  const asked = askedQuery(task, { id, text }, run);
  if (!asked) throw new Refusal(404, "The task has no such judged query");
  return asked;
}

function runView(run: ServedRun, columns: readonly Column[]) {
  const { name, suite, notes } = run;
  return {
    name,
    suite: suite.name,
    notes,
    columns: columns.map(({ name, label }) => ({ name, label })),
    tasks: suite.tasks.map((task) => taskView(task, run)),
  };
}

function taskView(task: Task, run: ServedRun) {
  const { name, prompt, language, corpus } = task;
  return {
    name,
    prompt,
    language: [language].flat().join(", "),
    passages: corpus.size,
    queries: judgmentsOf(task, run).size,
    means: taskMeans(task, run),
  };
}

function json(value: unknown, status = 200): Response {
  return reply(JSON.stringify(value), { type: "application/json", status });
}

/** A reply that no other site can read, show in a frame, or take for a page. */
function reply(
  body: BodyInit,
  { type, status = 200, policy = "default-src 'none'" }: {
    type: string;
    status?: number;
    policy?: string;
  },
): Response {
  const headers = new Headers({
    "content-type": type,
    "cache-control": "no-store",
    "content-security-policy": `${policy}; frame-ancestors 'none'`,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  if (status === 405) headers.set("allow", "GET");
  return new Response(body, { status, headers });
}
