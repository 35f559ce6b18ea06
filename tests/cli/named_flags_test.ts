/**
 * Each flag that a message or a help text names exists on the command that says so:
 * every text of lib with `--flag` in it, held to the commands that say it.
 */
import { dirname } from "node:path";
import assert from "node:assert/strict";
import ts from "typescript";
import { commandFlags } from "../../lib/cli/options/flags.ts";
import { negatable } from "../../lib/cli/options/read_arguments.ts";
import { globalOptions } from "../../lib/cli/options/global_options.ts";
import { COMMANDS } from "../../lib/cli/table.ts";
import { fromFileUrl } from "../_paths.ts";

const LIB = fromFileUrl(new URL("../../lib/", import.meta.url));

/** Flags of other programs, not of ours. */
const FOREIGN = [
  /^backend\/setup\//,
  /^report\/page\//,
  /^_std_cli\//,
  /^docs_suite\/package_folders\.ts$/,
  /^experiment\/jobs\/wrappers\/(parallel|slurm)\.ts$/,
  /^experiment\/handoff\/targets\//,
];

const TRAINING = ["run", "demo", "train", "distil", "arena", "arena plan"];
const WRITTEN = ["llm negatives", "llm passages"];
const LLM = ["llm judge", "llm queries", ...WRITTEN];
const RUNS = ["run", "demo", "train", "distil"];

/** Of them distil has no --matryoshka, and never says what is wrong with it. */
const MATRYOSHKA = TRAINING.filter((name) => name !== "distil");

/** Commands that say what stands in a file which is no command. */
const SAID_BY: Record<string, string[]> = {
  "backend/tensors/check_matmul.ts": ["setup"],
  "backend/use_backend.ts": ["setup"],
  "base/files/check_space.ts": TRAINING,
  "base/files/folder_lock.ts": TRAINING,
  "base/files/encodings.ts": ["data import"],
  "base/precision_options.ts": ["eval", "search", "serve"],
  "cli/check_out.ts": [...TRAINING, "mine"],
  "cli/options/other_names.ts": TRAINING,
  "cli/commands/backend_option.ts": TRAINING,
  "cli/commands/data/import_lines.ts": ["data import"],
  "cli/commands/eval/mteb.ts": ["eval"],
  "cli/commands/eval/options.ts": ["eval"],
  "cli/commands/eval/origin.ts": ["eval"],
  "cli/commands/force_options.ts": ["run", "demo", "train", "distil"],
  "cli/commands/local_model.ts": [...TRAINING, "eval", "mine", "search"]
    .concat("data audit", "llm queries", ...WRITTEN),
  "cli/commands/new_folder.ts": ["model convert", "model merge"]
    .concat("model export"),
  "cli/commands/output.ts": ["eval", "report", "weights select"],
  "cli/commands/weights/arm_option.ts": ["weights explain", "weights replay"],
  "cli/commands/arena/options.ts": ["arena", "arena plan"],
  "cli/commands/plan_option.ts": ["run", "train", "distil", "arena"],
  "cli/commands/read_mixture.ts": ["train", "distil", "scale"],
  "cli/commands/run_writer.ts": ["eval"],
  "cli/workers/": ["run", "train", "arena", "eval", "mine"],
  "cli/serve/served_run.ts": ["serve"],
  // Not of data check, which names what the training commands have.
  "data/check/check_suite.ts": TRAINING,
  "data/pull/earlier_pull.ts": ["data pull"],
  "data/pull/pull_dataset.ts": ["data pull"],
  "data/assemble/": ["data import"],
  "data/tables/": ["data import"],
  "eval/records/earlier_report.ts": ["eval"],
  "experiment/arena/arm.ts": ["arena"],
  "experiment/arena/arm_losses.ts": ["weights explain", "weights replay"],
  "experiment/arena/folder.ts": ["arena", "arena collect"],
  "experiment/arena/options.ts": ["arena", "arena plan"],
  "experiment/arena/arena_swarm.ts": ["weights fit"],
  "experiment/jobs/wrappers/": ["plan"],
  "experiment/jobs/wrappers/work_line.ts": ["work"],
  "experiment/jobs/collect_arena.ts": ["arena collect"],
  "experiment/jobs/plan_arena_jobs.ts": ["arena plan"],
  "experiment/arena/train_merged.ts": ["arena"],
  "experiment/arena/verdict.ts": ["arena"],
  "experiment/changed_settings.ts": RUNS,
  "experiment/explain/explain_run.ts": ["weights explain", "weights replay"],
  "experiment/long_dims.ts": MATRYOSHKA,
  "experiment/card/model_card.ts": [],
  "experiment/dev/": TRAINING,
  "experiment/distil/": ["distil"],
  "experiment/scale/": ["scale"],
  "experiment/arena/context.ts": ["arena"],
  "experiment/export/export_run.ts": ["export"],
  "experiment/experiment_options.ts": MATRYOSHKA,
  "experiment/embed/": ["embed"],
  "experiment/handoff/": ["handoff"],
  "experiment/mine_suite_options.ts": ["mine"],
  "experiment/mine_part.ts": ["mine"],
  "experiment/mined_file.ts": ["mine"],
  "experiment/mined_folder.ts": TRAINING,
  "experiment/retriever/": ["search", "serve"],
  "experiment/run_experiment.ts": ["run", "demo"],
  "experiment/run_folder.ts": RUNS,
  "experiment/stages/adapter.ts": ["run", "train"],
  "experiment/stages/bare_queries.ts": TRAINING,
  "experiment/stages/resumable_stage.ts": RUNS,
  "experiment/plan/plan_lines.ts": ["run", "demo"],
  "experiment/settled_noise.ts": ["run", "demo"],
  "experiment/train_retriever.ts": ["train"],
  "experiment/weight_options.ts": ["run", "demo"],
  "cli/commands/llm/generate.ts": WRITTEN,
  "experiment/negatives/": ["llm compare"],
  "cli/commands/llm/llm_command.ts": LLM,
  "llm/client/": LLM,
  "llm/queries/": ["llm queries"],
  "model/encode/length_line.ts": [...TRAINING, "eval", "mine"]
    .concat("data audit"),
  "model/hub/": ["model push"],
  "model/onnx/": ["model export"],
};

/** Flags of every command. */
const GLOBAL = new Set(
  commandFlags({ options: globalOptions }).flags.map(({ name }) => name),
);

/** Flags that a command takes. */
async function flagsOf(name: string): Promise<Set<string>> {
  const entry = COMMANDS.find((command) => command.name === name);
  assert.ok(entry, `no command ${name}`);
  const { command } = await entry.load();
  return new Set(
    commandFlags(command).flags.flatMap((flag) =>
      negatable(flag) ? [flag.name, `no-${flag.name}`] : [flag.name]
    ),
  );
}

/** A flag in a text, and the command that stands before it, if one does. */
interface Named {
  flag: string;
  command?: string;
}

const NAMES = COMMANDS.map(({ name }) => name)
  .toSorted((a, b) => b.length - a.length);

/** `tdro mine --by dense` names a flag of mine; Deno's own are left out. */
function namedIn(text: string): Named[] {
  const own = text.replace(/tensorboard --\w+/g, "");
  return [
    ...own.matchAll(/(?<![\w-])--([a-z][a-z0-9-]*[a-z0-9](?:\.[a-zA-Z]+)?)/g),
  ]
    .filter(([, flag]) => !/^(allow\b|no$|version$)/.test(flag!))
    .map((found) => {
      const [, after] = /.*\btdro (.*)$/s.exec(own.slice(0, found.index)) ??
        [];
      const command = after === undefined || /[;:,]/.test(after)
        ? undefined
        : NAMES.find((name) => `${after} `.startsWith(`${name} `));
      return { flag: found[1]!, command };
    });
}

/** Texts of a file: strings, and templates with a gap for each value. */
function textsOf(source: string, path: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    else if (ts.isTemplateExpression(node)) {
      const parts = node.templateSpans.map(({ literal }) => literal.text);
      texts.push([node.head.text, ...parts].join("…"));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest));
  return texts;
}

async function* sources(folder = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(LIB + folder)) {
    const path = folder + name;
    if (isDirectory) yield* sources(`${path}/`);
    else if (name.endsWith(".ts")) yield path;
  }
}

/** The commands that print what a file says: those of the file, or of its folder. */
function sayers(path: string): string[] | undefined {
  return SAID_BY[path] ?? SAID_BY[`${dirname(path)}/`];
}

/** The command that a file of `cli/commands` is. */
function commandIn(source: string): string[] | undefined {
  const name = /export const command[^]*?\bname: "([^"]+)"/.exec(source)?.[1];
  return name === undefined ? undefined : [name];
}

Deno.test("every flag that a text names exists on the command that says it", async () => {
  const wrong: string[] = [];
  let seen = 0;
  for await (const path of sources()) {
    if (FOREIGN.some((pattern) => pattern.test(path))) continue;
    const source = await Deno.readTextFile(LIB + path);
    if (!source.includes("--")) continue;
    for (const text of textsOf(source, path)) {
      for (const { flag, command } of namedIn(text)) {
        seen++;
        if (GLOBAL.has(flag)) continue;
        const says = command ? [command] : commandIn(source) ?? sayers(path);
        if (says === undefined) wrong.push(`${path}: who says --${flag}?`);
        for (const name of says ?? []) {
          if ((await flagsOf(name)).has(flag)) continue;
          wrong.push(`${path}: tdro ${name} has no --${flag}: ${text}`);
        }
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(seen > 100, `only ${seen} flags found`);
});

Deno.test("flags are found in texts, with the command before them", () => {
  assert.deepEqual(namedIn("raise --top; or tdro mine --by dense --seed 1"), [
    { flag: "top", command: undefined },
    { flag: "by", command: "mine" },
    { flag: "seed", command: "mine" },
  ]);
  assert.deepEqual(namedIn("tdro data pull x, then --out or --allow-net"), [
    { flag: "out", command: undefined },
  ]);
});
