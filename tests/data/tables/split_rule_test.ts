/**
 * Which file of a folder is in which split, compared with what the data sets library
 * says of the same folder, for random names, folders and cards.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { openTable } from "../../../lib/data/mod.ts";
import { inTempFolder, writeFiles } from "../_folders.ts";
import { python, WITHOUT_LIBRARIES } from "./_python.ts";

/** A folder. */
interface Case {
  files: string[];
  readme: string | null;
}

/** What the library says of it. */
interface Told {
  splits?: Record<string, string[]>;
  error?: string;
}

/** Folders of each kind. */
const COUNT = Number(Deno.env.get("TDRO_TABLES") ?? "60");

const word = fc.constantFrom(
  ...["train", "training", "validation", "valid", "dev", "val", "test"],
  ...["testing", "eval", "evaluation", "data", "x", "latest", "trainer"],
  ...["contrastive", "evals", "v", "all", "train1", "2test3", "__x"],
);
const mark = fc.constantFrom("-", "_", ".", " ", "1", "2024", "", "x");
const name = fc.tuple(word, fc.array(fc.tuple(mark, word), { maxLength: 2 }))
  .map(([first, rest]) => first + rest.flat().join(""));
const file = name.map((name) => `${name}.csv`);
const plainPath = fc.tuple(fc.array(name, { maxLength: 2 }), file)
  .map(([folders, file]) => [...folders, file].join("/"));
const shards = fc.tuple(name, fc.integer({ min: 1, max: 3 })).map((
  [name, count],
) =>
  Array.from(
    { length: count },
    (_, i) => `data/${name}-0000${i}-of-0000${count}.csv`,
  )
);

/** No file may lie where another one has its folder, nor two differ in case only. */
function distinct(files: string[]): string[] {
  const kept: string[] = [];
  for (const file of files) {
    const clash = kept.some((other) =>
      other === file || other.startsWith(`${file}/`) ||
      file.startsWith(`${other}/`)
    );
    if (!clash && file.length < 150) kept.push(file);
  }
  return kept;
}

const files = fc.array(
  fc.oneof(
    { arbitrary: plainPath.map((path) => [path]), weight: 5 },
    { arbitrary: shards, weight: 1 },
  ),
  { minLength: 1, maxLength: 5 },
).map((groups) => distinct(groups.flat()));

const withoutCard: fc.Arbitrary<Case> = files
  .map((files) => ({ files, readme: null }));

const quoted = (text: string) => JSON.stringify(text);

/** A card that names some of the files, by name or by a pattern. */
const withCard: fc.Arbitrary<Case> = fc.tuple(
  files,
  fc.array(
    fc.tuple(
      fc.constantFrom("train", "test", "validation", "dev", "test_hard"),
      fc.nat(),
      fc.constantFrom("exact", "folder", "beginning", "all"),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  fc.constantFrom("splits", "splits", "plain", "folder"),
).map(([files, entries, form]) => {
  const pattern = (at: number, by: string) => {
    const path = files[at % files.length]!;
    const parts = path.split("/");
    if (by === "exact") return path;
    if (by === "all") return "**";
    if (by === "folder" && parts.length > 1) return `${parts[0]}/**`;
    return `${path.slice(0, Math.max(1, path.length - 6))}*`;
  };
  const bySplit = new Map(
    entries.map(([split, at, by]) => [split, pattern(at, by)]),
  );
  const lines = form === "splits"
    ? [...bySplit].flatMap(([split, path]) => [
      `  - split: ${split}`,
      `    path: ${quoted(path)}`,
    ])
    : [...bySplit.values()].map((path) => `  - ${quoted(path)}`);
  const inFolder = files.find((file) => file.includes("/"))?.split("/")[0];
  const body = form === "folder" && inFolder !== undefined
    ? [`  data_dir: ${quoted(inFolder)}`]
    : ["  data_files:", ...lines];
  const readme = ["---", "configs:", "- config_name: default", ...body, "---"];
  return { files, readme: `${readme.join("\n")}\n` };
});

/** Splits of each file as we have them; one that we don't name is train. */
async function ours({ files, readme }: Case): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      ...Object.fromEntries(
        files.map((file) => [file, "query,passage\nq,p\n"]),
      ),
      ...readme !== null && { "README.md": readme },
    });
    for (
      const { name, split = "train", card } of (await openTable(folder)).files!
    ) {
      if (!card) found.set(name, [...found.get(name) ?? [], split]);
    }
  });
  return found;
}

/** Says in what we are of another mind than the library. */
async function compare(given: Case, { splits, error }: Told): Promise<void> {
  const where = `${JSON.stringify(given)}: the library has ${
    JSON.stringify(splits ?? error)
  }`;
  let found: Map<string, string[]>;
  try {
    found = await ours(given);
  } catch (fault) {
    assert.ok(error !== undefined, `${where}; we refuse: ${fault}`);
    return;
  }
  if (given.readme === null && error?.includes("Split name should match")) {
    // We keep such a split out by its name.
    assert.ok(
      [...found.values()].flat().some((name) => !/^[\w.]+$/.test(name)),
      where,
    );
    return;
  }
  // A card may name files that aren't there: a note for us.
  if (splits === undefined) return;
  for (const file of given.files) {
    const theirs: string[] = Object.keys(splits).filter((split) =>
      splits[split]!.includes(file)
    );
    const mine = found.get(file) ?? [];
    const what = `${where}; ${file} is ${mine.join(" and ") || "unused"} here`;
    // Of two readings: nobody understands that, so that it's left out and named.
    const two = mine.length === 1 && mine[0]!.includes("+");
    if (two) {
      const words = mine[0]!.split("+");
      assert.ok(theirs.every((split) => words.includes(split)), what);
      assert.ok(theirs.length > 0, what);
    } else assert.deepEqual(mine.toSorted(), theirs.toSorted(), what);
  }
}

for (
  const [what, arbitrary] of [["names", withoutCard], [
    "cards",
    withCard,
  ]] as const
) {
  Deno.test({
    name:
      `files are in the split that the data sets library puts them into: ${what}`,
    ignore: WITHOUT_LIBRARIES,
    fn: async () => {
      const seed = Number(Deno.env.get("TDRO_SEED") ?? "7");
      const cases = fc.sample(arbitrary, { numRuns: COUNT, seed });
      let told: Told[] = [];
      await inTempFolder(async (home) => {
        told = await python("_resolve_splits.py", {
          input: cases,
          home,
        }) as Told[];
      });
      assert.equal(told.length, cases.length);
      const sure = told.filter(({ splits }) => splits !== undefined);
      assert.ok(2 * sure.length > cases.length, "too few cases that it reads");
      for (const [i, one] of cases.entries()) await compare(one, told[i]!);
    },
  });
}
