import { z } from "zod";
import type { BackendName } from "../../backend/mod.ts";
import type { InferencePrecision } from "../../backend/kernels/mod.ts";
import { computeShape } from "../../base/compute_option.ts";
import { precisionShape } from "../../base/precision_options.ts";
import { STORE_NAMES, type StoreName } from "../../base/store_names.ts";
import type { SearchPrecision, VectorDatabase } from "../../search/mod.ts";
import { line } from "../../base/printable.ts";
import { backendOption } from "./backend_option.ts";
import type { Command } from "../command.ts";
import type { CommandIo } from "../io.ts";

/** Options of `tdro serve`. */
export interface ServeOptions {
  /** Folder of the run. */
  run: string;
  /** Folder of the suite that the run was made on. */
  suite?: string | undefined;
  /** Port of the page. */
  port: number;
  /** What models multiply. */
  computeType?: InferencePrecision | undefined;
  /** How passages' vectors are kept and searched; absent: whole. */
  precision?: SearchPrecision | undefined;
  /** Passages found for each one wanted, to be scored again. */
  rescore?: number | undefined;
  /** Vectors by which they are scored again. */
  rescoreBy?: SearchPrecision | undefined;
  /** Folder of the vectors of passages. */
  cache?: string | undefined;
  /** Database with vectors of passages. */
  store?: StoreName | undefined;
  /** Where that database is. */
  storeAt?: string | undefined;
  /** The tfjs backend. */
  backend: BackendName | "auto";
}

/** The only address that is listened on: nobody else's machine gets there. */
const HOST = "127.0.0.1";

/** `tdro serve`. */
export const command: Command<ServeOptions> = {
  name: "serve",
  summary: "Search a run's models side by side on a local page",
  details:
    "Type a query and see what the start, each arm and BM25 find, judged " +
    "passages marked; choose a task for the queries that each arm answered " +
    "worst. A model encodes a task's passages when it is first asked; " +
    "--cache keeps their vectors for the next time, and shares them with " +
    "tdro eval; --store searches those that tdro embed put into a database. " +
    "The page can be opened on this machine alone, and changes " +
    "nothing. Ctrl-C ends it.",
  examples: [
    {
      about: "The demo's run; open the address that is printed",
      line: "tdro serve runs/demo --suite .cache/suites/docs",
    },
    {
      about: "At an address that stays, with vectors kept on disk",
      line: "tdro serve runs/mine --suite my/suite --port 8700 --cache vectors",
    },
  ],
  options: z.strictObject({
    run: z.string().min(1).meta({ placeholder: "FOLDER" }).describe(
      "Folder of a run or a training run",
    ),
    suite: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe("Folder of the suite that the run was made on; needed"),
    port: z.int().min(0).max(65535).default(0).describe(
      "Port of the page; 0 picks a free one",
    ),
    ...computeShape,
    ...precisionShape,
    cache: z.string().min(1).optional().meta({ placeholder: "FOLDER" })
      .describe(
        "Keep the passages' vectors in this folder, and reuse them next time",
      ),
    store: z.enum(STORE_NAMES).optional().describe(
      "Search vectors that tdro embed put into this database",
    ),
    storeAt: z.string().min(1).optional().meta({ placeholder: "PLACE" })
      .describe("Folder or address of the database of --store"),
    backend: backendOption,
  }),
  operands: ["run"],
  async run({ run: folder, suite, port, store, storeAt, ...options }, io) {
    checkStore({ store, storeAt, precision: options.precision });
    const { checkRescoring } = await import("../../search/mod.ts");
    const { precision = "float32" } = options;
    checkRescoring({ ...options, precision });
    refuseWithoutNet(port);
    const { openServedRun } = await import("../serve/served_run.ts");
    const { openColumns } = await import("../serve/columns.ts");
    const { serveHandler } = await import("../serve/handler.ts");
    const { searchPage } = await import("../../report/page/search_page.ts");
    const run = await openServedRun(folder, suite);
    for (const note of run.notes) io.note(note);
    await using database = await openStore(store, storeAt);
    const vectors = { ...options, database };
    using columns = await openColumns(run, vectors, io);
    const handler = serveHandler(run, {
      columns: columns.all,
      page: await searchPage(run.name),
      signal: io.signal,
      onFault: (error) =>
        io.err(line`${error instanceof Error ? error.message : `${error}`}\n`),
    });
    await untilStopped(handler, port, io);
  },
};

/** Refuses half a database, and what would do nothing beside one. */
function checkStore(
  { store, storeAt, precision }: Pick<
    ServeOptions,
    "store" | "storeAt" | "precision"
  >,
): void {
  if ((store === undefined) !== (storeAt === undefined)) {
    throw new RangeError(
      "Cannot serve from a database: --store must name it and --store-at its place: got one of them; give both",
    );
  }
  if (store !== undefined && precision !== undefined) {
    throw new RangeError(
      "Cannot serve from a database: --precision is about vectors in memory; leave out that or --store",
    );
  }
}

/** The database, closed when it is disposed of. */
async function openStore(
  store: StoreName | undefined,
  place: string | undefined,
): Promise<VectorDatabase & AsyncDisposable | undefined> {
  if (store === undefined || place === undefined) return;
  const { openVectorDatabase } = await import("../../search/mod.ts");
  const database = await openVectorDatabase(store, place);
  return { ...database, [Symbol.asyncDispose]: () => database.close() };
}

/** Throws now what Deno would throw after the suite was read. */
function refuseWithoutNet(port: number): void {
  const host = `${HOST}:${port}`;
  const { state } = Deno.permissions.querySync({ name: "net", host });
  if (state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Requires net access to "${host}", run again with the --allow-net flag`,
  );
}

/** Listens, tells where, and ends by Ctrl-C. */
async function untilStopped(
  handler: (request: Request) => Response,
  port: number,
  io: CommandIo,
): Promise<void> {
  const { signal } = io;
  const server = listen(handler, { port, signal });
  const url = `http://${HOST}:${server.addr.port}/`;
  io.result({ url }, () => url);
  io.note("Open it in a browser on this machine; Ctrl-C ends it");
  await server.finished;
}

function listen(
  handler: (request: Request) => Response,
  { port, signal }: { port: number; signal: AbortSignal },
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve(
      { hostname: HOST, port, signal, onListen() {} },
      handler,
    );
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "another program has it"
      : error instanceof Deno.errors.PermissionDenied
      ? "the system keeps it for others"
      : undefined;
    if (why === undefined) throw error;
    throw new RangeError(
      `Cannot serve at port ${port}: ${why}; choose another with --port`,
    );
  }
}
