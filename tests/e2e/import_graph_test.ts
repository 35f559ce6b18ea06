import assert from "node:assert/strict";
import { ROOT } from "../_paths.ts";
import { mermaid, PAGE, roomImports, withGraph } from "./_import_graph.ts";
import { walkSources } from "./_walk_sources.ts";

/** All folders below one of the repository. */
async function* folders(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    if (!isDirectory) continue;
    yield `${folder}/${name}`;
    yield* folders(`${folder}/${name}`);
  }
}

Deno.test("the import graph in the documentation is that of the code", async () => {
  const page = await Deno.readTextFile(PAGE);
  assert.equal(
    page,
    withGraph(page, mermaid(await roomImports())),
    "the graph is stale; deno task graph draws it again",
  );
});

Deno.test("the page tells what each folder of lib holds", async () => {
  const page = await Deno.readTextFile(PAGE);
  const untold: string[] = [];
  for await (const path of folders("lib")) {
    const [, room, ...inner] = path.split("/");
    const name = inner.length === 0
      ? `](../lib/${room})`
      : `\`${inner.join("/")}/\``;
    if (!page.includes(name)) untold.push(path);
  }
  assert.deepEqual(untold, []);
});

Deno.test("files that the pages for contributors name are there", async () => {
  const files = [
    ...await Array.fromAsync(walkSources("lib", "")),
    ...await Array.fromAsync(walkSources("tests", "")),
  ];
  const missing = (page: string) =>
    [...page.matchAll(/`([\w/]+\.(?:ts|cc|cu|h))`/g)].map(([, path]) => path!)
      .filter((path) => !files.some((file) => `/${file}`.endsWith(`/${path}`)));
  for (const path of [PAGE, `${ROOT}CONTRIBUTING.md`]) {
    assert.deepEqual(missing(await Deno.readTextFile(path)), [], path);
  }
  assert.deepEqual(missing("`train/train.ts`, `train/gone.ts`"), [
    "train/gone.ts",
  ]);
});

Deno.test("the graph tells imports of code from imports of types", async () => {
  const graph = mermaid(await roomImports());
  assert.match(graph, /^ {2}train --> model$/m);
  assert.match(graph, /^ {2}sampling -\.-> data$/m);
  // Nothing imports what builds on it.
  assert.doesNotMatch(graph, /> (?:experiment|cli)$|^ {2}report /m);
});

Deno.test("a stale graph is found and replaced", () => {
  const page = (arrow: string) =>
    `# Page\n\n\`\`\`mermaid\ngraph LR\n  ${arrow}\n\`\`\`\n\nText.\n`;
  const graph = mermaid([
    { from: "eval", to: "data", typeOnly: true },
    { from: "eval", to: "base", typeOnly: false },
    { from: "cli", to: "data", typeOnly: false },
  ]);
  const fresh = withGraph(page("eval --> data"), graph);
  assert.equal(fresh, page("eval -.-> data"));
  assert.equal(withGraph(fresh, graph), fresh);
  assert.throws(() => withGraph("no graph", graph), /one Mermaid block/);
});
