/** What the page of `tdro serve` is answered, without a socket. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { serveHandler } from "../../../lib/cli/serve/handler.ts";
import type { Column } from "../../../lib/cli/serve/columns.ts";
import type { ServedRun } from "../../../lib/cli/serve/served_run.ts";
import { searchPage } from "../../../lib/report/page/search_page.ts";
import { toySuite } from "../../_toy_suite.ts";
import { fakeColumn, servedToy } from "./_served_toy.ts";

const page = await searchPage("toy-run");

/** Asks the handler, as the browser would. */
function client(
  run: ServedRun = servedToy(),
  columns: Column[] = [fakeColumn("uniform"), fakeColumn("bm25", true)],
) {
  const faults: unknown[] = [];
  const handler = serveHandler(run, {
    columns,
    page,
    onFault: (error) => faults.push(error),
  });
  const ask = (path: string, init: RequestInit = {}) =>
    handler(
      new Request(`http://127.0.0.1:8700${path}`, {
        ...init,
        headers: { host: "127.0.0.1:8700", ...init.headers },
      }),
    );
  const askJson = async (path: string, values: Record<string, string> = {}) => {
    const response = ask(`${path}?${new URLSearchParams(values)}`);
    return { status: response.status, body: await response.json() };
  };
  const search = async (values: Record<string, string>) => {
    const response = ask(`/api/search?${new URLSearchParams(values)}`);
    assert.equal(response.status, 200);
    const lines = (await response.text()).trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line));
  };
  return { ask, askJson, search, faults };
}

Deno.test("the page is sent with a policy that names its own scripts alone", async () => {
  const response = client().ask("/");
  assert.equal(response.status, 200);
  assert.match(await response.text(), /^<!doctype html>/);
  const policy = response.headers.get("content-security-policy")!;
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[^' ]+';/);
  assert.match(policy, /connect-src 'self';.*frame-ancestors 'none'$/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
});

Deno.test("no other host, method or site is answered, whatever the path", async () => {
  const { ask } = client();
  const paths = ["/", "/api/run", "/api/search?task=shades&q=x&column=bm25"];
  const hosts = ["evil.example", "127.0.0.1.evil.example", "localhost.evil"]
    .concat(["evil.example:8700", "127.0.0.2", "10.0.0.1:8700", "", "a@[::1]"]);
  for (const path of paths) {
    for (const host of hosts) {
      assert.equal(ask(path, { headers: { host } }).status, 403, host);
    }
    for (const method of ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"]) {
      const response = ask(path, { method });
      assert.equal(response.status, 405, method);
      assert.equal(response.headers.get("allow"), "GET");
    }
    for (const site of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": site, "sec-fetch-mode": "no-cors" };
      assert.equal(ask(path, { headers }).status, 403, site);
    }
    for (const host of ["localhost:1", "127.0.0.1", "[::1]:9"]) {
      const response = ask(path, {
        headers: { host, "sec-fetch-site": "same-origin" },
      });
      assert.equal(response.status, 200, host);
      await response.body?.cancel();
    }
  }
});

Deno.test("every reply forbids frames, sniffing and other origins", async () => {
  const { ask } = client();
  for (const path of ["/", "/api/run", "/nowhere", "/api/task?task=x"]) {
    const { headers, body } = ask(path);
    await body?.cancel();
    assert.match(headers.get("content-security-policy")!, /frame-ancestors 'n/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
    assert.equal(headers.get("access-control-allow-origin"), null);
  }
});

Deno.test("no path leads to a file or to what objects inherit", async () => {
  const { ask, faults } = client();
  const words = ["..", "%2e%2e", ".", "etc", "passwd", "run.json", "api"]
    .concat(["constructor", "__proto__", "%00", "lib", "eval.json", "", "%2f"]);
  await fc.assert(fc.asyncProperty(
    fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 5 }),
    async (parts) => {
      const response = ask(`/${parts.join("/")}`);
      const { pathname } = new URL(`http://x/${parts.join("/")}`);
      if (pathname === "/") return;
      assert.equal(response.status, 404);
      assert.deepEqual(await response.json(), {
        error: "There is no such page",
      });
    },
  ));
  assert.deepEqual(faults, []);
});

Deno.test("/api/run tells columns and tasks with their means", async () => {
  const { body } = await client().askJson("/api/run");
  assert.deepEqual(body.columns, [
    { name: "uniform", label: "uniform" },
    { name: "bm25", label: "bm25" },
  ]);
  const [first] = body.tasks;
  assert.equal(first.name, "shades");
  assert.equal(first.queries, 6); // a sixth of 36
  assert.equal(first.passages, 36);
  // uniform: 0, 0.9, 0.8, 0.7, 0.6, 0.5; reweighted: 0.25 once, else 0.5.
  assert.ok(Math.abs(first.means.uniform - 3.5 / 6) < 1e-12);
  assert.ok(Math.abs(first.means.reweighted - 2.75 / 6) < 1e-12);
});

Deno.test("/api/task has the worst queries first, and who answers them better", async () => {
  const { body } = await client().askJson("/api/task", { task: "shades" });
  const ids = [...toySuite().tasks[0]!.qrels.test!.keys()];
  assert.deepEqual(body.worst.uniform[0], {
    id: ids[0],
    text: "which shade has the red bird",
    ndcg: 0,
    better: { arm: "reweighted", ndcg: 0.5 },
  });
  assert.deepEqual(
    body.worst.uniform.map(({ id }: { id: string }) => id),
    [ids[0], ...ids.slice(1).reverse()],
  );
  // Of equal ones, those first that uniform answers best; at 0.5 both are equal.
  const order = body.worst.reweighted as { id: string; better: unknown }[];
  assert.deepEqual(
    order.map(({ id }) => id),
    [ids[1], ids[2], ids[3], ids[4], ids[0], ids[5]],
  );
  assert.deepEqual(order[0]!.better, { arm: "uniform", ndcg: 0.9 });
  assert.equal(order[4]!.better, null);
});

Deno.test("a judged query's hits are marked, and its passages ranked", async () => {
  const { search } = client();
  const [task] = toySuite().tasks;
  const [query] = [...task!.qrels.test!.keys()];
  const [answer] = task!.qrels.test!.get(query!)!.keys();
  const values = { task: "shades", query: query!, column: "bm25" };
  const messages = await search(values);
  const { hits, relevant, depth } = messages.at(-1);
  assert.ok(messages.length > 1 && "total" in messages[0]);
  assert.equal(hits.length, 10);
  assert.deepEqual(
    new Set(hits.map((h: { grade: unknown }) => h.grade)),
    new Set([null]),
  );
  // The first passage of 36 comes last in reverse order.
  assert.deepEqual(
    relevant.map((
      { id, rank, grade }: Record<string, unknown>,
    ) => [id, rank, grade]),
    [[answer, 36, 1]],
  );
  assert.equal(depth, null); // all 36 were found: none is deeper
  const forward = (await search({ ...values, column: "uniform" })).at(-1);
  assert.equal(forward.hits[0].id, answer);
  assert.equal(forward.hits[0].grade, 1);
  assert.equal(forward.relevant[0].rank, 1);
});

Deno.test("a typed text has no judgments, unless it is a judged query's", async () => {
  const { askJson } = client();
  const ask = (q: string) => askJson("/api/query", { task: "shades", q });
  const own = await ask("anything");
  assert.deepEqual(own.body, {
    text: "anything",
    id: null,
    judged: 0,
    scores: {},
  });
  const known = await ask("  which shade has the red bird ");
  assert.equal(known.body.id, "shades-q0");
  assert.deepEqual(known.body.scores, { uniform: 0, reweighted: 0.5 });
});

Deno.test("what can't be answered is said in one line", async () => {
  const { askJson, faults } = client();
  const cases: [
    path: string,
    values: Record<string, string>,
    status: number,
  ][] = [
    ["/api/task", {}, 404],
    ["/api/task", { task: "__proto__" }, 404],
    ["/api/query", { task: "shades", query: "constructor" }, 404],
    ["/api/query", { task: "shades", query: "shades-q2" }, 404], // of train
    ["/api/query", { task: "shades", q: " " }, 400],
    ["/api/query", { task: "shades", q: "x".repeat(10_001) }, 400],
    ["/api/search", { task: "shades", q: "x", column: "toString" }, 404],
    ["/api/search", { task: "nowhere", q: "x", column: "bm25" }, 404],
  ];
  for (const [path, values, status] of cases) {
    const reply = await askJson(path, values);
    assert.equal(reply.status, status, JSON.stringify(values));
    assert.match(reply.body.error, /^[A-Z][^\n]+$/);
  }
  assert.deepEqual(faults, []);
});

Deno.test("a search that fails says so in its column, and is told once", async () => {
  const broken: Column = {
    ...fakeColumn("uniform"),
    search: () => Promise.reject(new RangeError("Cannot load x: no such file")),
  };
  const { search, faults } = client(servedToy(), [broken]);
  const messages = await search({ task: "shades", q: "x", column: "uniform" });
  assert.deepEqual(messages, [{ error: "Cannot load x: no such file" }]);
  assert.equal(faults.length, 1);
});

Deno.test("a reader who leaves doesn't stop the search", async () => {
  let finish = () => {};
  let ended = false;
  const slow: Column = {
    ...fakeColumn("uniform"),
    async search(_task, _text, { onProgress }) {
      onProgress?.(1, 2);
      await new Promise<void>((resolve) => finish = resolve);
      onProgress?.(2, 2);
      ended = true;
      return [];
    },
  };
  const { ask, faults } = client(servedToy(), [slow]);
  const response = ask("/api/search?task=shades&q=x&column=uniform");
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  finish();
  await new Promise((resume) => setTimeout(resume, 0));
  assert.ok(ended);
  assert.deepEqual(faults, []);
});

Deno.test("hostile names are values of JSON and nothing else", async () => {
  const suite = toySuite();
  const [task] = suite.tasks;
  task!.name = "__proto__";
  task!.prompt = "</script><script>alert(1)</script>";
  const { askJson } = client(servedToy(suite));
  const { status, body } = await askJson("/api/task", { task: "__proto__" });
  assert.equal(status, 200);
  assert.equal(body.prompt, task!.prompt);
  assert.equal(body.worst.uniform.length, 6);
});
