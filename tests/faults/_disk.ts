import { dirname, join } from "node:path";

/** One call that changed a file or folder; paths are relative to the work folder. */
export type Change =
  | { call: "mkdir" | "remove"; path: string }
  | { call: "rename"; path: string; to: string }
  /** A file is opened to be changed, or a file or folder to be synced. */
  | { call: "open"; path: string; id: number; truncate: boolean }
  | { call: "write"; id: number; at: number; bytes: Uint8Array }
  | { call: "truncate"; id: number; length: number }
  | { call: "sync"; id: number };

type Names = ReadonlyMap<string, Entry>;

/** A file or folder, as programs see it and as a power cut would leave it. */
interface Entry {
  /** Undefined for a folder. */
  bytes?: Uint8Array;
  synced?: Uint8Array;
  names: Names;
  syncedNames: Names;
}

const NOTHING = new Uint8Array();

/** Content by path; of a folder, `null`. */
export type Files = Map<string, Uint8Array | null>;

/** What a crash may leave. */
export type Crash =
  /** kill -9: all that was called is there. */
  | "killed"
  /** Power cut: of all that wasn't synced, nothing. */
  | "nothing unsynced"
  /** Power cut: of what wasn't synced, names without their contents. */
  | "names alone";

/** A disk that knows what was synced. */
export class Disk {
  readonly #root = folder();
  readonly #open = new Map<number, Entry>();

  /** @param files What is there, and lasts, at the start. */
  constructor(files: Files) {
    for (const [path, bytes] of files) {
      if (bytes === null) this.apply({ call: "mkdir", path });
      else {
        this.apply({ call: "mkdir", path: dirname(path) });
        this.apply({ call: "open", path, id: -1, truncate: true });
        this.apply({ call: "write", id: -1, at: 0, bytes });
      }
    }
    sync(this.#root, true);
  }

  /** Does what a call did. */
  apply(change: Change): void {
    switch (change.call) {
      case "mkdir":
        this.#folder(change.path);
        break;
      case "remove": {
        const { parent, name } = this.#place(change.path);
        parent.names = new Map([...parent.names].filter(([n]) => n !== name));
        break;
      }
      case "rename": {
        const entry = this.#find(change.path)!;
        this.apply({ call: "remove", path: change.path });
        const { parent, name } = this.#place(change.to);
        parent.names = new Map(parent.names).set(name, entry);
        break;
      }
      case "open": {
        let entry = this.#find(change.path);
        if (!entry) {
          const { parent, name } = this.#place(change.path);
          entry = file();
          parent.names = new Map(parent.names).set(name, entry);
        }
        if (change.truncate) entry.bytes = NOTHING;
        this.#open.set(change.id, entry);
        break;
      }
      case "write": {
        const entry = this.#open.get(change.id)!;
        const before = entry.bytes!;
        const end = change.at + change.bytes.length;
        const after = new Uint8Array(Math.max(before.length, end));
        after.set(before);
        after.set(change.bytes, change.at);
        entry.bytes = after;
        break;
      }
      case "truncate": {
        const entry = this.#open.get(change.id)!;
        const after = new Uint8Array(change.length);
        after.set(entry.bytes!.subarray(0, change.length));
        entry.bytes = after;
        break;
      }
      case "sync":
        sync(this.#open.get(change.id)!);
    }
  }

  /** What is there after a crash. */
  after(crash: Crash): Files {
    const files: Files = new Map();
    const walk = (entry: Entry, path: string) => {
      const names = crash === "nothing unsynced"
        ? entry.syncedNames
        : entry.names;
      for (const [name, below] of names) {
        const inner = join(path, name);
        if (below.bytes) {
          files.set(inner, crash === "killed" ? below.bytes : below.synced!);
        } else {
          files.set(inner, null);
          walk(below, inner);
        }
      }
    };
    walk(this.#root, "");
    return files;
  }

  #folder(path: string): Entry {
    if (path === "." || path === "") return this.#root;
    const parent = this.#folder(dirname(path));
    const name = path.slice(
      dirname(path) === "." ? 0 : dirname(path).length + 1,
    );
    let entry = parent.names.get(name);
    if (!entry) {
      entry = folder();
      parent.names = new Map(parent.names).set(name, entry);
    }
    return entry;
  }

  #place(path: string): { parent: Entry; name: string } {
    const above = dirname(path);
    return {
      parent: this.#folder(above),
      name: above === "." ? path : path.slice(above.length + 1),
    };
  }

  #find(path: string): Entry | undefined {
    if (path === "." || path === "") return this.#root;
    const { parent, name } = this.#place(path);
    return parent.names.get(name);
  }
}

function folder(): Entry {
  return { names: new Map(), syncedNames: new Map() };
}

function file(): Entry {
  return { ...folder(), bytes: NOTHING, synced: NOTHING };
}

function sync(entry: Entry, all = false): void {
  entry.synced = entry.bytes;
  entry.syncedNames = entry.names;
  if (all) { for (const below of entry.names.values()) sync(below, true); }
}
