import assert from "node:assert/strict";
import { ROOT } from "../_paths.ts";
import { walkSources } from "./_walk_sources.ts";

/** A TypeScript block of a doc comment. */
interface Example {
  /** Line of the file in which its code begins, from 1. */
  line: number;
  code: string;
}

/** The examples in a file's doc comments; those marked `ignore` can't run. */
function examplesOf(source: string): Example[] {
  return [...source.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const text = comment[0].replace(/^ *\*(?!\/) ?/gm, "");
    return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => {
      const before = source.slice(0, comment.index) +
        text.slice(0, block.index);
      return { line: before.split("\n").length + 1, code: block[1]! };
    });
  });
}

/** Why an example proves nothing; `undefined` if it does. */
function whyEmpty(code: string): string | undefined {
  const assertions = code.replace(/^ *\/\/.*$/gm, "")
    .match(/\bassert(?:\.\w+)?\([^;]*;?/g) ?? [];
  if (assertions.length === 0) return "asserts nothing";
  const trivial =
    /^assert(?:\.\w+)?\(\s*typeof \w+(?:,| ===?) ["']function["']/;
  return assertions.every((assertion) => trivial.test(assertion))
    ? "asserts only that something is a function"
    : undefined;
}

Deno.test("each example in a doc comment asserts something of a result", async () => {
  const empty: string[] = [];
  let count = 0;
  for await (const path of walkSources("lib", ".ts")) {
    for (
      const { line, code } of examplesOf(await Deno.readTextFile(ROOT + path))
    ) {
      count++;
      const why = whyEmpty(code);
      if (why) empty.push(`${path}:${line} ${why}`);
    }
  }
  assert.ok(count > 200, `${count} examples: some weren't found`);
  assert.deepEqual(empty, []);
});

Deno.test("an example that asserts nothing is found", () => {
  const source = (code: string) =>
    `const a = 1;\n/**\n * Text.\n *\n * @example Usage\n * \`\`\`ts\n${
      code.split("\n").map((line) => ` * ${line}\n`).join("")
    } * \`\`\`\n */\nexport function f() {}\n`;
  const judge = (code: string) => {
    const [example, more] = examplesOf(source(code));
    assert.equal(more, undefined);
    assert.equal(example!.line, 7);
    return whyEmpty(example!.code);
  };
  const onlyFunction = "asserts only that something is a function";
  assert.equal(judge('assert.equal(typeof f, "function");'), onlyFunction);
  assert.equal(
    judge('assert(typeof f === "function"); // see g()'),
    onlyFunction,
  );
  assert.equal(judge("console.log(f());"), "asserts nothing");
  assert.equal(judge("// assert(f());\nf();"), "asserts nothing");
  assert.equal(judge("assert.equal(f(), undefined);"), undefined);
  assert.equal(
    judge('assert.equal(typeof f, "function");\nassert.equal(f(), undefined);'),
    undefined,
  );
  assert.deepEqual(
    examplesOf(source("f();").replace("```ts", "```ts ignore")),
    [],
  );
});
