import assert from "node:assert/strict";
import { STRATEGIES, strategy } from "../../../lib/dro/mod.ts";
import { command } from "../../../lib/cli/commands/arena.ts";

const PAGE = new URL("../../../docs/strategies.md", import.meta.url);

const WITH: Record<string, string> = {
  manual: "manual-1/1",
  "tdro-as-at": "tdro-as-at-512",
  recipe: "recipe-gte",
};

Deno.test("the page and the help name every strategy, the page with its source", async () => {
  const page = await Deno.readTextFile(PAGE);
  for (const name of Object.keys(STRATEGIES)) {
    const row = page.split("\n").find((line) =>
      new RegExp(`^\\| \`${name}(-[A-Z][^\`]*)?\``).test(line)
    );
    assert.ok(row, `docs/strategies.md lacks ${name}`);
    const { source } = strategy(WITH[name] ?? name);
    for (const [, number] of source.matchAll(/arXiv (\d+\.\d+)/g)) {
      assert.ok(row.includes(number!), `${name}: ${number} is not in its row`);
    }
    assert.ok(command.details!.includes(name), `the help lacks ${name}`);
  }
});
