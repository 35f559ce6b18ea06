import assert from "node:assert/strict";
import { ROOT } from "../_paths.ts";
import { walkSources } from "./_walk_sources.ts";

/** Ways in which TypeScript, C++, Python and a shell read or set a variable. */
const READS = [
  /\benv\.(?:get|has|set)\(\s*["'`](TDRO_[A-Z_]+)["'`]/g,
  /\bgetenv\(\s*"(TDRO_[A-Z_]+)"/g,
  /\benviron(?:\.get\(|\[)\s*"(TDRO_[A-Z_]+)"/g,
  /\bexport\b.*\b(TDRO_[A-Z_]+)=/g,
  /\b(TDRO_[A-Z_]+)=(?:1|"\$)/g,
];

/** Names of our variables that a text reads or sets. */
function variablesOf(text: string): string[] {
  return READS.flatMap((form) =>
    [...text.matchAll(form)].map(([, name]) => name!)
  );
}

/** Names that aren't in the page, each with a file that has it. */
function untold(
  variables: ReadonlyMap<string, string>,
  page: string,
): string[] {
  return [...variables].filter(([name]) => !page.includes(`\`${name}\``))
    .map(([name, path]) => `${name} (${path})`);
}

Deno.test("docs/environment.md tells every variable that is read", async () => {
  const variables = new Map<string, string>();
  const note = async (path: string) => {
    const text = await Deno.readTextFile(ROOT + path);
    for (const name of variablesOf(text)) variables.set(name, path);
  };
  for (const folder of ["lib", "tests"]) {
    const endings = [".ts", ".cc", ".cu", ".h", ".py", "_torch_python"];
    for await (const path of walkSources(folder, ...endings)) {
      if (!path.endsWith("/environment_page_test.ts")) await note(path);
    }
  }
  await note(".ci/run");
  assert.ok(variables.size > 20, `only ${[...variables.keys()]}`);
  const page = await Deno.readTextFile(`${ROOT}docs/environment.md`);
  assert.deepEqual(untold(variables, page), []);
});

Deno.test("a variable that the page lacks is found", () => {
  const texts = [
    'Deno.env.get("TDRO_NEW")',
    'Deno.env.set(\n  "TDRO_NEW", "1")',
    'std::getenv("TDRO_NEW")',
    'os.environ["TDRO_NEW"]',
    'os.environ.get("TDRO_NEW")',
    "export TDRO_NEW=1",
    'export TDRO_OLD=1 TDRO_NEW="$PWD"',
  ];
  for (const text of texts) {
    const variables = new Map(variablesOf(text).map((name) => [name, "a.ts"]));
    assert.deepEqual(
      untold(variables, "| `TDRO_OLD` |"),
      ["TDRO_NEW (a.ts)"],
      text,
    );
  }
});
