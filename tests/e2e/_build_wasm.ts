/**
 * Compiles the kernels of `lib/backend/native` for WebAssembly into
 * `lib/backend/wasm/kernels.txt`: `deno task wasm`, or with `--check` only
 * compares. Same sources, same compiler, same bytes.
 *
 * The compiler is clang as the PyPI package `ziglang` brings it; `TDRO_ZIG` names
 * its program, otherwise `python3 -m ziglang` is tried.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { kernelBytes } from "../../lib/backend/wasm/compiled_kernels.ts";
import { NATIVE_FILES } from "../../lib/backend/native/files.ts";
import { ROOT } from "../_paths.ts";

/** Another version may make other bytes. */
export const ZIG_VERSION = "0.17.1";

const FOLDER = join(ROOT, "lib", "backend", "wasm");

/** Files of `native/` that WebAssembly has no use for. */
const UNUSED = ["tensorflow.h", "tiles.h", "digits.h", "hamming.cc"];

const FLAGS = [
  ...["-target", "wasm32-wasi", "-O3", "-std=c++20", "-g0", "-DNDEBUG"],
  // It lies in tfjs's memory, wherever there is room.
  ...["-fPIC", "-fvisibility=hidden"],
  ...["-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
  ...["-fno-sanitize=all", "-fno-stack-protector"],
  ...["-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math"],
  "-ffp-contract=off",
];
const FEATURES = "generic+simd128+relaxed_simd+bulk_memory" +
  "+nontrapping_fptoint+sign_ext";
/** Elsewhere, what is said to be a thread's own is an instance's. */
const WITH_ATOMICS = ["pool.cc"];

const LINK = [
  ...["wasm-ld", "--experimental-pic", "-shared", "--no-entry"],
  ...["--import-memory", "--shared-memory", `--max-memory=${2 ** 32}`],
  ...["--no-check-features", "--gc-sections", "--strip-all"],
  ...["--export=__wasm_call_ctors", "-o", "kernels.wasm"],
];

/** What the kernels are made of, by name. */
export async function sources(): Promise<Map<string, string>> {
  const files = new Map(Object.entries(NATIVE_FILES));
  for (const name of UNUSED) files.delete(name);
  for await (const { name } of Deno.readDir(FOLDER)) {
    if (!/\.(cc|h)$/.test(name)) continue;
    files.set(name, await Deno.readTextFile(join(FOLDER, name)));
  }
  return new Map([...files].sort(([a], [b]) => a < b ? -1 : 1));
}

/** Tells sources and flags from others: the first line of `kernels.txt`. */
export async function fingerprint(): Promise<string> {
  const parts = [...await sources()].flat();
  const text = [ZIG_VERSION, FEATURES, ...FLAGS, ...LINK, ...parts].join("\0");
  const hash = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return `sources ${new Uint8Array(hash).toHex()}`;
}

/** The compiler's command, if it is there. */
export async function zig(): Promise<string[] | undefined> {
  const named = Deno.env.get("TDRO_ZIG");
  const command = named ? [named] : ["python3", "-m", "ziglang"];
  try {
    const version = await run([...command, "version"], ".");
    return version.trim() === ZIG_VERSION ? command : undefined;
  } catch {
    return undefined;
  }
}

/** The module, compiled now. */
export async function build(
  command: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir({ prefix: "tdro-wasm-" });
  try {
    const files = await sources();
    for (const [name, text] of files) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    const units = [...files.keys()].filter((name) => name.endsWith(".cc"));
    const left = units.slice();
    const lane = async () => {
      for (let name = left.pop(); name; name = left.pop()) {
        const cpu = WITH_ATOMICS.includes(name)
          ? `${FEATURES}+atomics`
          : FEATURES;
        const rest = [`-mcpu=${cpu}`, "-c", name, "-o", `${name}.o`];
        await run([...command, "c++", ...FLAGS, ...rest], folder);
      }
    };
    await Promise.all([lane(), lane()]);
    const objects = units.map((name) => `${name}.o`);
    await run([...command, ...LINK, ...objects], folder);
    return await Deno.readFile(join(folder, "kernels.wasm"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(command: readonly string[], cwd: string): Promise<string> {
  const cache = join(ROOT, ".cache", "zig");
  const { success, stdout, stderr } = await new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd,
    env: { ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${command.join(" ")}:\n${text(stderr)}`);
  return text(stdout);
}

/** The module as text: its sources' fingerprint, then lines of base64. */
async function packed(module: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([module]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const lines = bytes.toBase64().match(/.{1,100}/g)!;
  return `${[await fingerprint(), ...lines].join("\n")}\n`;
}

if (import.meta.main) {
  const command = await zig();
  if (!command) {
    console.error(
      `Cannot compile: ziglang ${ZIG_VERSION} is not there; install it by ` +
        `"pip install ziglang==${ZIG_VERSION}" and name its program in TDRO_ZIG`,
    );
    Deno.exit(2);
  }
  const module = await build(command);
  if (Deno.args.includes("--check")) {
    assert.deepEqual(await kernelBytes(), module);
  } else {
    await Deno.writeTextFile(join(FOLDER, "kernels.txt"), await packed(module));
  }
  console.log(`${module.length} bytes`);
}
