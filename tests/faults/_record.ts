/**
 * The command line, with a record of all its calls that change a file or folder.
 *
 * Usage: deno run -A _record.ts JOURNAL WORD…
 */
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runWords } from "./_run_words.ts";
import type { Change } from "./_disk.ts";

const [journal, ...words] = Deno.args as [string, ...string[]];
const root = Deno.cwd();
const lines: string[] = [];

/** Notes a change, unless it is elsewhere, e.g. in a cache. */
function note(change: Change): void {
  lines.push(JSON.stringify(
    change,
    (_, value) => value instanceof Uint8Array ? value.toBase64() : value,
  ));
}

/** The path within the work folder; `undefined` if it is elsewhere. */
function within(path: string | URL): string | undefined {
  const text = path instanceof URL ? fileURLToPath(path) : path;
  const inner = relative(root, resolve(text));
  return inner.startsWith("..") ? undefined : inner || ".";
}

// deno-lint-ignore no-explicit-any
type AnyFunction = (...args: any[]) => any;

/** Calls `after` with what a function gave, and what it was given. */
function wrap(
  owner: object,
  name: string,
  // deno-lint-ignore no-explicit-any
  after: (result: unknown, self: unknown, ...args: any[]) => void,
): void {
  const functions = owner as Record<string, AnyFunction>;
  const original = functions[name]!;
  functions[name] = function (this: unknown, ...args: unknown[]) {
    const result = original.apply(this, args);
    if (!(result instanceof Promise)) {
      after(result, this, ...args);
      return result;
    }
    return result.then((value) => {
      after(value, this, ...args);
      return value;
    });
  };
}

const { writeTextFileSync } = Deno;

for (const ending of ["", "Sync"]) {
  wrap(Deno, `mkdir${ending}`, (_, __, path) => {
    const inner = within(path);
    if (inner !== undefined) note({ call: "mkdir", path: inner });
  });
  wrap(Deno, `remove${ending}`, (_, __, path) => {
    const inner = within(path);
    if (inner !== undefined) note({ call: "remove", path: inner });
  });
  wrap(Deno, `rename${ending}`, (_, __, from, to) => {
    const inner = within(from);
    if (inner !== undefined) {
      note({ call: "rename", path: inner, to: within(to)! });
    }
  });
  wrap(Deno, `makeTempDir${ending}`, (path) => {
    const inner = within(path as string);
    if (inner !== undefined) note({ call: "mkdir", path: inner });
  });
  wrap(Deno, `open${ending}`, (file, _, path, options) => {
    opened(file as Deno.FsFile, within(path), options ?? {});
  });
}

interface Opened {
  id: number;
  at: number;
  append: boolean;
  size: number;
}
const files = new WeakMap<Deno.FsFile, Opened>();
let ids = 0;

function opened(
  file: Deno.FsFile,
  path: string | undefined,
  { truncate = false, append = false }: Deno.OpenOptions,
): void {
  if (path === undefined) return;
  const { size } = file.statSync();
  files.set(file, { id: ids, at: 0, append, size: truncate ? 0 : size });
  note({ call: "open", path, id: ids++, truncate });
}

for (const ending of ["", "Sync"]) {
  wrap(Deno.FsFile.prototype, `write${ending}`, (count, self, bytes) => {
    const file = files.get(self as Deno.FsFile);
    if (!file) return;
    const at = file.append ? file.size : file.at;
    const written = bytes.slice(0, count as number);
    file.at = at + written.length;
    file.size = Math.max(file.size, file.at);
    note({ call: "write", id: file.id, at, bytes: written });
  });
  wrap(Deno.FsFile.prototype, `seek${ending}`, (at, self) => {
    const file = files.get(self as Deno.FsFile);
    if (file) file.at = at as number;
  });
  wrap(Deno.FsFile.prototype, `read${ending}`, (count, self) => {
    const file = files.get(self as Deno.FsFile);
    if (file) file.at += count as number ?? 0;
  });
  wrap(Deno.FsFile.prototype, `truncate${ending}`, (_, self, length = 0) => {
    const file = files.get(self as Deno.FsFile);
    if (!file) return;
    file.size = length;
    note({ call: "truncate", id: file.id, length });
  });
  for (const name of [`sync${ending}`, `syncData${ending}`]) {
    wrap(Deno.FsFile.prototype, name, (_, self) => {
      const file = files.get(self as Deno.FsFile);
      if (file) note({ call: "sync", id: file.id });
    });
  }
}

// These write by calls of their own, which the ones above don't see.
async function writeFile(
  path: string | URL,
  data: string | Uint8Array,
  { append = false, createNew = false }: Deno.WriteFileOptions = {},
): Promise<void> {
  using file = await Deno.open(path, {
    write: true,
    create: !createNew,
    createNew,
    append,
    truncate: !append && !createNew,
  });
  await writeAll(
    file,
    typeof data === "string" ? new TextEncoder().encode(data) : data,
  );
}
Object.assign(Deno, { writeFile, writeTextFile: writeFile });
Object.defineProperty(Deno.FsFile.prototype, "writable", {
  get(this: Deno.FsFile) {
    return new WritableStream<Uint8Array>({
      write: (chunk) => writeAll(this, chunk),
      close: () => this.close(),
      abort: () => this.close(),
    });
  },
});

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
}

const { code, err } = await runWords(words);
writeTextFileSync(journal, lines.join("\n"));
if (code !== 0) console.error(err);
Deno.exit(code);
