import assert from "node:assert/strict";
import { PRESETS } from "../../lib/base/presets.ts";
import { command as arena } from "../../lib/cli/commands/arena.ts";
import { command as run } from "../../lib/cli/commands/run.ts";
import { command as train } from "../../lib/cli/commands/train.ts";
import { readOptions } from "../../lib/cli/options/read_options.ts";
import type { Command } from "../../lib/cli/command.ts";
import { parseExperimentOptions } from "../../lib/experiment/mod.ts";
import { strategy } from "../../lib/dro/mod.ts";
import type { MixtureStrategy } from "../../lib/dro/mod.ts";
import { tempFolder } from "../_temp_folder.ts";

const { settings } = PRESETS["tdro-released"];

const read = async (command: unknown, ...args: string[]) => {
  const { options, notes } = await readOptions(command as Command, [
    ...["--suite", "s", "--preset", "tdro-released"],
    ...args,
  ]);
  return { options: options as Record<string, unknown>, notes };
};

Deno.test("a preset sets what is left out, and says so", async () => {
  const { options, notes } = await read(run);
  for (const [name, value] of Object.entries(settings)) {
    assert.equal(options[name], value, name);
  }
  assert.equal(options.preset, "tdro-released");
  assert.equal(notes.length, 1);
  assert.match(
    notes[0]!,
    /^preset tdro-released, the scripts.*: --steps 1000, /,
  );
  assert.match(notes[0]!, /--eta 0\.02/);
});

Deno.test("flags and files win over a preset, and are told", async () => {
  const folder = await tempFolder();
  const file = `${folder}/own.json`;
  await Deno.writeTextFile(file, '{"temperature": 0.05, "batchSize": 64}');
  const { options, notes } = await read(
    run,
    ...["--batch-size", "32", "--config", file, "--eta", "0.02"],
  );
  assert.equal(options.batchSize, 32);
  assert.equal(options.temperature, 0.05);
  assert.equal(options.steps, 1000);
  assert.equal(
    notes[1],
    "given, and not as in the preset: --batch-size 32 for 2048, --temperature 0.05 for 0.002",
  );
});

Deno.test("a command takes of a preset what it has options for", async () => {
  for (const command of [train, arena]) {
    const { options, notes } = await read(command);
    assert.equal(options.batchSize, 2048);
    assert.ok(!("eta" in options) && !notes[0]!.includes("--eta "));
  }
  await assert.rejects(
    readOptions(run as unknown as Command, ["--suite", "s", "--preset", "x"]),
    /--preset/,
  );
});

Deno.test("in code a preset sets what is left out, too", () => {
  const options = parseExperimentOptions({
    preset: "tdro-released",
    batchSize: 8,
  });
  assert.equal(options.batchSize, 8);
  assert.equal(options.temperature, 0.002);
  assert.equal(parseExperimentOptions({}).preset, undefined);
});

Deno.test("recipes are powers of the sizes", () => {
  const weights = (name: string) =>
    (strategy(name) as MixtureStrategy).weights([8000, 1000]);
  for (
    const [name, power] of [["gte", 0.5], ["mt5", 0.3], ["xlm-r", 0.3], [
      "mnmt",
      0.2,
    ]] as const
  ) {
    const [large, small] = weights(`recipe-${name}`);
    assert.ok(Math.abs(large! / small! - 8 ** power) < 1e-9, name);
  }
  assert.throws(() => strategy("recipe-bert"), /one of gte, mt5, xlm-r, mnmt/);
});
