/**
 * What of JSR's score can be held without JSR. Its points are: a README or
 * module doc (2), an example in it (1), a module doc in every entry point (1),
 * documentation of at least 80 % of the exported symbols (5), no slow types (5);
 * and on the package's own page a description (1), one compatible runtime (1),
 * a second one (1), provenance (1). 17 of the 18 are 100 %.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../_paths.ts";

interface Documented {
  module_doc?: { doc?: string; tags?: { kind: string }[] };
  symbols: {
    name: string;
    declarations: { declarationKind: string; jsDoc?: { doc?: string } }[];
  }[];
}

const { exports, license } = JSON.parse(
  await Deno.readTextFile(join(ROOT, "deno.json")),
) as { exports: Record<string, string>; license: string };

async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Documentation of one entry point, what it re-exports included. */
async function documentation(path: string): Promise<Documented> {
  const { nodes } = JSON.parse(await deno("doc", "--json", path));
  return Object.values(nodes)[0] as Documented;
}

const documented = new Map(
  await Promise.all(
    Object.entries(exports).map(async ([name, path]) =>
      [name, await documentation(path)] as const
    ),
  ),
);

Deno.test("JSR score: a README with examples, a licence", async () => {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  assert.match(readme, /^```(ts|sh)$/m);
  assert.equal(license, "MIT");
  assert.match(await Deno.readTextFile(join(ROOT, "LICENSE")), /^MIT License/);
});

Deno.test("JSR score: every entry point has a module doc with an example", () => {
  for (const [name, { module_doc: doc }] of documented) {
    assert.ok((doc?.doc ?? "").length > 40, name);
    assert.ok(doc!.tags?.some(({ kind }) => kind === "example"), name);
  }
});

Deno.test("JSR score: every exported symbol is documented", () => {
  let count = 0;
  for (const [name, { symbols }] of documented) {
    // Of an overloaded function the last declaration is the implementation.
    const bare = symbols.filter(({ declarations }) =>
      declarations.some(({ declarationKind }) =>
        declarationKind === "export"
      ) && !declarations.some(({ jsDoc }) => jsDoc?.doc)
    );
    assert.deepEqual(bare.map((symbol) => symbol.name), [], name);
    count += symbols.length;
  }
  assert.ok(count > 400, `${count} symbols`); // Deno's format may change.
});

Deno.test("JSR score: no slow types", async () => {
  // Fails on any of them.
  await deno("publish", "--dry-run", "--allow-dirty", "--no-check");
});
