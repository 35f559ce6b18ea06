import assert from "node:assert/strict";
import { pullModel } from "../../../lib/model/hub/pull_model.ts";
import { inTempFolder, writeFiles } from "../../data/_folders.ts";
import {
  aimOf,
  bytesFor,
  COMMIT,
  CONFIG,
  FILES,
  goodReply,
  ID,
  json,
  LIST,
  type Listed,
  plain,
  WEIGHTS,
} from "./_hub.ts";
import {
  type RawReply,
  type RawRequest,
  type RawServer,
  serveRaw,
} from "./_raw_server.ts";

const TOKEN = "hf_nobodyelse";

/** Long enough for any answer that comes; in place of those that don't, short. */
const [PATIENT, SHORT] = [20_000, 120];

/** A request to the hub, what it is for and how many were for the same before. */
interface Asked {
  request: RawRequest;
  aim: string;
  tries: number;
  /** Address of another server. */
  foreign: string;
}

/** What came of a pull. */
interface Seen {
  hub: RawServer;
  other: RawServer;
  waits: number[];
  folder: string;
}

/** A hub that isn't as it should be, and what should come of it. */
interface Case {
  /** What the hub does. */
  hub: string;
  /** What it answers where it isn't a good one. */
  answers?: (asked: Asked) => RawReply | undefined;
  /** What another server answers; it knows the hub's address. */
  foreign?: (request: RawRequest, hub: string) => RawReply;
  /** The error; without one all files come, whole. */
  fails?: RegExp;
  /** What is there of a pull before. */
  begun?: Record<string, string | Uint8Array>;
  /** How long a silence is borne. */
  idleMs?: number;
  /** What else must hold. */
  check?: (seen: Seen) => void;
}

const BIG = "model.safetensors";
const SMALL = "config.json";

/** Answers to requests for one thing: the first few, or all. */
function to(
  aim: string,
  reply: (asked: Asked) => RawReply,
  times = Infinity,
): Case["answers"] {
  return (asked) =>
    asked.aim === aim && asked.tries < times ? reply(asked) : undefined;
}

const list = (entries: readonly unknown[]) => to("list", () => json(entries));

/** The list, with something about the small file that is otherwise. */
const listed = (change: Listed) => list([{ ...LIST[0], ...change }, LIST[1]]);

/** A status without more. */
const status = (code: number, headers = {}): RawReply => ({
  status: code,
  headers: { "content-length": "0", ...headers },
});

/** A whole answer of which only some bytes come. */
const cut = ({ request }: Asked, at: number, more = {}): RawReply => {
  const whole = bytesFor(request, WEIGHTS, more);
  return { ...whole, body: (whole.body as Uint8Array).subarray(0, at) };
};

const SILENCE: RawReply = { head: "", stalls: true };
const HANGUP: RawReply = { head: "" };

const redirect = (location: string, more = {}): RawReply =>
  status(302, { location, ...more });

/** Range of each request for the large file. */
const ranges = ({ hub }: Seen) =>
  hub.requests.filter((request) => aimOf(request) === BIG)
    .map(({ headers }) => headers.range);

const asks = ({ hub }: Seen, aim: string) =>
  hub.requests.filter((request) => aimOf(request) === aim).length;

const content = (bytes: Uint8Array, more = {}): RawReply => ({
  headers: { "content-length": `${bytes.length}`, ...more },
  body: bytes,
});

const flipped = WEIGHTS.map((byte) => byte ^ 1);

function* endless(): Generator<Uint8Array> {
  for (;;) yield WEIGHTS;
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const packed = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

const PACKED = await gzip(WEIGHTS);

const CASES: Record<string, Case[]> = {
  connections: [
    {
      hub: "says nothing to a request for a file",
      answers: to(BIG, () => SILENCE),
      idleMs: SHORT,
      fails: /: model\.safetensors: the server sent nothing for 0\.12 s; check/,
    },
    {
      hub: "says nothing at first",
      answers: to(BIG, () => SILENCE, 1),
      idleMs: 600,
    },
    {
      hub: "stops in the middle of the headers",
      answers: to(
        BIG,
        () => ({ head: "HTTP/1.1 200 OK\r\netag", stalls: true }),
      ),
      idleMs: SHORT,
      fails: /sent nothing for/,
    },
    {
      hub: "stops in the middle of a file, once",
      answers: to(BIG, (asked) => ({ ...cut(asked, 9000), stalls: true }), 1),
      idleMs: 600,
      check: (seen) =>
        assert.deepEqual(ranges(seen), [undefined, "bytes=9000-"]),
    },
    {
      hub: "stops in the middle of a file, always",
      answers: to(BIG, (asked) => ({ ...cut(asked, 100), stalls: true })),
      idleMs: SHORT,
      fails: /sent nothing for/,
      check: (seen) =>
        assert.deepEqual(ranges(seen), [
          undefined,
          "bytes=100-",
          "bytes=200-",
          "bytes=300-",
        ]),
    },
    { hub: "hangs up at first", answers: to(BIG, () => HANGUP, 2) },
    {
      hub: "always hangs up",
      answers: to(BIG, () => HANGUP),
      fails: /: model\.safetensors: .*; check the network, or put the file at /,
    },
    {
      hub: "breaks off in the middle of a file, again and again",
      answers: to(BIG, (asked) => cut(asked, 7000), 3),
      check: (seen) =>
        assert.deepEqual(ranges(seen), [
          undefined,
          "bytes=7000-",
          "bytes=14000-",
          "bytes=21000-",
        ]),
    },
    {
      hub: "answers with noise",
      answers: to(BIG, () => ({ head: "\u0000\u001b[31m\u00ff".repeat(99) })),
      fails: /: model\.safetensors: .*check the network/,
    },
    {
      hub: "says nothing to a request for the list",
      answers: to("list", () => SILENCE),
      idleMs: SHORT,
      fails: /can't be reached \(the server sent nothing for .*set HF_ENDPOINT/,
    },
    {
      hub: "stops in the middle of the list, once",
      answers: to("list", () => {
        const whole = json(LIST);
        const body = (whole.body as Uint8Array).subarray(0, 50);
        return { ...whole, body, stalls: true };
      }, 1),
      idleMs: 600,
    },
    {
      hub: "says nothing to a request for the commit",
      answers: to("commit", () => SILENCE),
      idleMs: SHORT,
      fails: /can't be reached \(the server sent nothing/,
    },
  ],
  statuses: [
    {
      hub: "is tired for seven seconds",
      answers: to(BIG, () => status(503, { "retry-after": "7" }), 1),
      check: ({ waits }) => assert.deepEqual(waits, [7000]),
    },
    {
      hub: "asks to come back at a time",
      answers: to(BIG, () =>
        status(429, {
          date: "Mon, 30 Nov 2026 10:00:00 GMT",
          "retry-after": "Mon, 30 Nov 2026 10:00:20 GMT",
        }), 1),
      check: ({ waits }) => assert.deepEqual(waits, [20_000]),
    },
    {
      hub: "asks to come back in an hour",
      answers: to(BIG, () => status(429, { "retry-after": "3600" })),
      fails: /answers 429 and asks to wait 60 minutes; run it again then$/,
      check: ({ waits }) => assert.deepEqual(waits, []),
    },
    {
      hub: "asks to come back in the next century",
      answers: to(
        "list",
        () => status(503, { "retry-after": "9".repeat(400) }),
      ),
      fails: /answers 503 and asks to wait more than a day; run it again then$/,
    },
    {
      hub: "asks to come back before now, or at no time",
      answers: to(BIG, ({ tries }) =>
        status(429, {
          "retry-after": ["-5", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"][tries],
        }), 3),
      check: ({ waits }) => assert.deepEqual(waits, [500, 1000, 2000]),
    },
    { hub: "fails twice", answers: to(SMALL, () => status(500), 2) },
    {
      hub: "always fails",
      answers: to(BIG, () => status(500)),
      fails: /: model\.safetensors: the server answers 500; try again later$/,
      check: (seen) => assert.equal(asks(seen, BIG), 4),
    },
    {
      hub: "can't do that",
      answers: to(BIG, () => status(501)),
      fails: /answers 501/,
      check: (seen) => assert.equal(asks(seen, BIG), 1),
    },
    {
      hub: "lists at the third try",
      answers: to("list", () => status(502), 2),
    },
    {
      hub: "never lists",
      answers: to("list", () => status(502)),
      fails: /127\.0\.0\.1:\d+ answers 502; try again later$/,
      check: (seen) => assert.equal(asks(seen, "list"), 4),
    },
    {
      hub: "doesn't know the token",
      answers: to("list", () => status(401)),
      fails: /doesn't accept the token; check HF_TOKEN and the name$/,
    },
    {
      hub: "has the model behind a gate",
      answers: to(BIG, () => status(403)),
      fails: /: model\.safetensors: .* accept the model's terms .*HF_TOKEN/,
    },
    {
      hub: "has no such model",
      answers: ({ aim }) => aim === BIG ? undefined : status(404),
      fails: /has no such model, or it is private or gated; check the name, or/,
    },
    {
      hub: "lists a file that it hasn't",
      answers: to(BIG, () => status(404)),
      fails: /: model\.safetensors: .* has no such /,
    },
    {
      hub: "has lost it",
      answers: to(BIG, () => status(410)),
      fails: /answers 410/,
    },
    {
      hub: "says that it hasn't changed",
      answers: to(BIG, () => ({ status: 304 })),
      fails: /answers 304/,
    },
    {
      hub: "says that there is nothing",
      answers: to(BIG, () => ({ status: 204 })),
      fails: /answers 204/,
    },
    {
      hub: "tells what is wrong in colours",
      answers: to("list", () => ({
        ...json({ error: "\u001b[2J\u001b]0;owned\u0007" }),
        status: 403,
      })),
      fails: /accept the model's terms/,
    },
  ],
  ranges: [
    {
      hub: "sends everything where the rest is asked for",
      answers: to(
        BIG,
        (asked) => asked.tries === 0 ? cut(asked, 5000) : content(WEIGHTS),
      ),
    },
    {
      hub: "sends another part",
      answers: to(BIG, (asked) =>
        asked.tries === 0 ? cut(asked, 5000) : {
          ...content(WEIGHTS.subarray(100)),
          status: 206,
          headers: { "content-range": "bytes 100-39999/40000" },
        }, 2),
    },
    {
      hub: "doesn't say which part it sends",
      answers: to(
        BIG,
        (asked) =>
          asked.tries === 0
            ? cut(asked, 5000)
            : { ...content(WEIGHTS.subarray(5000)), status: 206 },
        2,
      ),
    },
    {
      hub: "sends a part where all is asked for",
      answers: to(BIG, () => ({
        ...content(WEIGHTS.subarray(100)),
        status: 206,
      })),
      fails: /sends another part of the file than asked; check/,
    },
    {
      hub: "says that the file ends there",
      answers: to(
        BIG,
        (asked) => asked.tries === 0 ? cut(asked, 5000) : status(416),
        2,
      ),
      check: (seen) =>
        assert.deepEqual(ranges(seen), [undefined, "bytes=5000-", undefined]),
    },
    {
      hub: "says that any file ends there",
      answers: to(BIG, () => status(416)),
      fails: /sends another part/,
    },
    {
      hub: "has a new tag each time",
      answers: to(
        BIG,
        (asked) => cut(asked, 5000, { etag: `"${asked.tries}"` }),
        1,
      ),
    },
    {
      hub: "has no tag",
      answers: to(BIG, (asked) => {
        const reply = cut(asked, 5000);
        delete reply.headers!.etag;
        return reply;
      }, 1),
      check: (seen) => {
        const again = seen.hub.requests.at(-1)!.headers;
        assert.equal(again.range, "bytes=5000-");
        assert.equal(again["if-range"], undefined);
      },
    },
    {
      hub: "has a tag that is none",
      answers: to(
        BIG,
        (asked) =>
          cut(asked, 5000, { etag: `"\u009b31m\u00ff${"x".repeat(9000)}"` }),
        1,
      ),
    },
    {
      hub: "goes on with other bytes",
      answers: to(
        BIG,
        (asked) =>
          asked.tries === 0
            ? cut(asked, 5000)
            : bytesFor(asked.request, flipped, {
              etag: asked.request.headers["if-range"]!,
            }),
        2,
      ),
      check: (seen) => assert.equal(ranges(seen).at(-1), undefined),
    },
    {
      hub: "had another file before",
      begun: { [`${BIG}.part`]: flipped.subarray(0, 800) },
      check: (seen) =>
        assert.deepEqual(ranges(seen), ["bytes=800-", undefined]),
    },
    {
      hub: "had a longer file before",
      begun: { [`${BIG}.part`]: new Uint8Array(50_000) },
      check: (seen) => assert.deepEqual(ranges(seen), [undefined]),
    },
    {
      hub: "sent all but the name before",
      begun: { [`${BIG}.part`]: WEIGHTS, [SMALL]: CONFIG },
      check: (seen) => {
        assert.deepEqual(ranges(seen), []);
        assert.equal(asks(seen, SMALL), 0);
      },
    },
    {
      hub: "had a file of the same size before",
      begun: { [BIG]: flipped, [SMALL]: CONFIG.map((byte) => byte ^ 1) },
    },
  ],
  bodies: [
    {
      hub: "announces more than it lists",
      answers: to(BIG, () => content(new Uint8Array(40_001))),
      fails: /: model\.safetensors: it must have 40000 bytes: got 40001; try/,
    },
    {
      hub: "sends without end",
      answers: to(BIG, () => ({ body: endless() })),
      fails: /it must have 40000 bytes: got more; try again, or check/,
      check: ({ folder }) =>
        assert.throws(() => Deno.statSync(`${folder}/${BIG}.part`)),
    },
    {
      hub: "announces less than it lists",
      answers: to(BIG, () => content(WEIGHTS.subarray(0, 39_999))),
      fails: /it must have 40000 bytes: got 39999; /,
    },
    {
      hub: "ends early without a word",
      answers: to(BIG, ({ request }) => ({
        ...bytesFor(request, WEIGHTS),
        headers: {},
        status: 200,
        body: WEIGHTS.subarray(0, 4000),
      })),
      fails:
        /the connection ended after 4000 of 40000 bytes; check the network/,
    },
    {
      hub: "sends nothing as a file",
      answers: to(BIG, () => content(new Uint8Array())),
      fails: /must have 40000 bytes: got 0;/,
    },
    {
      hub: "sends other weights",
      answers: to(BIG, () => content(flipped)),
      fails: /: model\.safetensors: its SHA-256 must be [0-9a-f]{64}: got /,
    },
    {
      hub: "sends another small file",
      answers: to(SMALL, () => content(CONFIG.map((byte) => byte ^ 1))),
      fails: /: config\.json: git's id of it must be [0-9a-f]{40}: got /,
    },
    {
      hub: "packs what it sends",
      answers: to(BIG, () => content(PACKED, { "content-encoding": "gzip" })),
      fails: /must have 40000 bytes: got \d+ in compressed form; /,
    },
    {
      hub: "says that it packs, and doesn't",
      answers: to(BIG, () => content(WEIGHTS, { "content-encoding": "gzip" })),
    },
    {
      hub: "asks to log in",
      answers: to(SMALL, () => ({
        ...content(new TextEncoder().encode("<html>Sign in</html>")),
        headers: { "content-length": "20", "content-type": "text/html" },
      })),
      fails: /: config\.json: it must have 22 bytes: got 20 of a web page; /,
    },
    {
      hub: "lies about what it links to",
      answers: to(BIG, ({ request }) =>
        bytesFor(request, WEIGHTS, {
          "x-linked-size": "-1",
          "x-linked-etag": '"other"',
          "x-xet-hash": "0",
        })),
    },
  ],
  redirects: [
    {
      hub: "hands over to a store",
      answers: to(
        BIG,
        ({ foreign }) =>
          redirect(`${foreign}/x`, { "x-cache": "Hit from cloudfront" }),
      ),
      foreign: (request) =>
        bytesFor(request, WEIGHTS, { "x-cache": "Hit from cloudfront" }),
      check: ({ other }) => assert.equal(other.requests.length, 1),
    },
    {
      hub: "hands over to a store that breaks off",
      answers: to(BIG, ({ foreign }) => redirect(`${foreign}/x`)),
      foreign: (request) => {
        const { body, ...whole } = bytesFor(request, WEIGHTS);
        return { ...whole, body: (body as Uint8Array).subarray(0, 15_000) };
      },
    },
    {
      hub: "hands over to a store that sends back",
      answers: ({ aim, request, foreign }) =>
        aim === BIG
          ? redirect(`${foreign}/x`)
          : aim === "back"
          ? bytesFor(request, WEIGHTS)
          : undefined,
      foreign: (_, hub) => redirect(`${hub}/back`),
      check: ({ hub }) => {
        const { path, headers } = hub.requests.at(-1)!;
        assert.equal(path, "/back");
        assert.equal(headers.authorization, undefined);
      },
    },
    {
      hub: "hands over without a scheme",
      answers: to(BIG, ({ foreign }) => redirect(foreign.replace("http:", ""))),
      foreign: (request) => bytesFor(request, WEIGHTS),
    },
    {
      hub: "hands over to another name of itself",
      answers: ({ aim, request }) =>
        aim !== BIG
          ? undefined
          : request.headers.host!.startsWith("localhost")
          ? (assert.equal(request.headers.authorization, undefined),
            bytesFor(request, WEIGHTS))
          : redirect(
            `http://${
              request.headers.host!.replace("127.0.0.1", "localhost")
            }${request.path}`,
          ),
    },
    {
      hub: "has moved the file within itself",
      answers: ({ aim, request }) =>
        aim === BIG
          ? redirect("../../moved")
          : aim === "moved"
          ? request.headers.authorization
            ? bytesFor(request, WEIGHTS)
            : status(401)
          : undefined,
    },
    {
      hub: "sends in a circle",
      answers: to(BIG, ({ request }) => redirect(request.path)),
      fails: /redirects more than 10 times; check the address/,
      check: (seen) => assert.equal(asks(seen, BIG), 11),
    },
    {
      hub: "sends ever further",
      answers: to(
        BIG,
        ({ tries, request }) => redirect(`${request.path}?${tries}`),
      ),
      fails: /redirects more than 10 times/,
    },
    {
      hub: "sends to a file here",
      answers: to(BIG, () => redirect("file:///etc/hostname")),
      fails: /redirects to "file:\/\/", where files aren't fetched from; check/,
    },
    {
      hub: "sends to what it says itself",
      answers: to(BIG, () => redirect("data:text/plain,hello")),
      fails: /redirects to "data:\/\/", where/,
    },
    {
      hub: "sends nowhere",
      answers: to(BIG, () => status(302)),
      fails: /answers 302 without an address; check/,
    },
    {
      hub: "sends to what is no address",
      answers: to(BIG, () => redirect("http://[\u009b31m")),
      fails: /answers 302 without an address/,
    },
    {
      hub: "sends with a name and a password",
      answers: to(
        BIG,
        ({ foreign }) => redirect(foreign.replace("//", "//user:secret@")),
      ),
      fails: /redirects to "http:\/\/127\.0\.0\.1:\d+" with a user's name, /,
    },
    {
      hub: "hands over the list",
      answers: to("list", ({ foreign }) => redirect(foreign)),
      foreign: () => json(LIST),
    },
    {
      hub: "has renamed the model",
      answers: ({ aim, request }) =>
        aim === "list"
          ? redirect("/api/models/new/name/tree/x?recursive=true")
          : request.path.startsWith("/api/models/new/")
          ? json(LIST)
          : undefined,
    },
    {
      hub: "sends for the list in a circle",
      answers: to("list", ({ request }) => redirect(request.path)),
      fails: /^Cannot pull owner\/model: the server redirects more than/,
    },
  ],
  lists: [
    {
      hub: "shows a page in place of the list",
      answers: to("list", () => ({ body: "<!doctype html><p>\u001b[31m" })),
      fails: /: the server answers a web page; check the address of the hub/,
    },
    {
      hub: "lists in no form",
      answers: to("list", () => ({ body: "\u001b[31mnope" })),
      fails: /answers something that isn't JSON; check/,
    },
    {
      hub: "lists nothing at all",
      answers: to("list", () => ({ body: "" })),
      fails: /isn't JSON/,
    },
    {
      hub: "answers with an object",
      answers: to("list", () => json({ files: LIST })),
      fails: /answers something that isn't a list; check/,
    },
    {
      hub: "answers with a list in a list without end",
      answers: to("list", () => ({ body: "[".repeat(1 << 20) })),
      fails: /isn't JSON/,
    },
    { hub: "has an empty model", answers: list([]), fails: /no \.safetensors/ },
    {
      hub: "lists on two pages",
      answers: to(
        "list",
        ({ request }) =>
          request.path.includes("cursor") ? json([LIST[1]]) : json([LIST[0]], {
            link: `<${request.path}&cursor=2>; rel="next"`,
          }),
      ),
    },
    {
      hub: "lists without end",
      answers: to("list", ({ tries, request }) =>
        json([], {
          link: `<http://${request.headers.host}${
            request.path.replace(/&c=.*/, "")
          }&c=${tries}>; rel="next"`,
        })),
      fails: /answers a list of more than 1000 pages; check the address/,
    },
    {
      hub: "lists in a circle",
      answers: to("list", ({ request }) =>
        json(LIST, {
          link: `<http://${request.headers.host}${request.path}>; rel="next"`,
        })),
      fails: /answers a list that leads back to itself; check/,
    },
    {
      hub: "goes on elsewhere with its list",
      answers: to(
        "list",
        ({ foreign, request }) =>
          request.path.includes("cursor=2")
            ? json([LIST[1]])
            : json([LIST[0]], { link: `<${foreign}/x?cursor=2>; rel="next"` }),
      ),
      check: ({ other }) => assert.deepEqual(other.requests, []),
    },
    {
      hub: "goes on nowhere with its list",
      answers: to("list", () => json(LIST, { link: '<http://[>; rel="next"' })),
      fails: /a list with a broken end/,
    },
    {
      hub: "lists a path upwards",
      answers: list([...LIST, plain("../evil.json", CONFIG)]),
      fails: /lists a file outside the folder: "\.\.\/evil\.json"; don't use/,
    },
    {
      hub: "lists a path upwards in the middle",
      answers: list([...LIST, plain("a/../../evil.json", CONFIG)]),
      fails: /outside the folder/,
    },
    {
      hub: "lists a path from the root",
      answers: list([...LIST, plain("/tmp/evil.json", CONFIG)]),
      fails: /outside the folder/,
    },
    {
      hub: "lists a path from a drive's root",
      answers: list([...LIST, plain("c:/evil.json", CONFIG)]),
      fails: /outside the folder/,
    },
    {
      hub: "lists a path as Windows has them",
      answers: list([...LIST, plain("..\\/evil.json", CONFIG)]),
      fails: /outside the folder: "\.\.\\\\\/evil\.json"/,
    },
    {
      hub: "lists a path with NUL",
      answers: list([...LIST, plain("a\u0000/evil.json", CONFIG)]),
      fails: /control characters in its name: "a\\u0000\/evil\.json"; don't/,
    },
    {
      hub: "lists a path that clears the screen",
      answers: list([...LIST, plain("\u001b[2J\u009b/evil.json", CONFIG)]),
      fails: /control characters in its name: "\\u001b\[2J\\u\{9b\}/,
    },
    {
      hub: "lists a path that is half a letter",
      answers: list([...LIST, plain("\ud800/evil.json", CONFIG)]),
      fails: /control characters in its name/,
    },
    {
      hub: "lists a file twice",
      answers: list([...LIST, LIST[0]]),
      fails: /lists "config\.json" twice; don't use this mirror/,
    },
    {
      hub: "lists two files that are one",
      answers: list([...LIST, plain("Config.json", CONFIG)]),
      fails: /lists "config\.json" and "Config\.json", which are one file on/,
    },
    {
      hub: "lists what isn't wanted, as wrong as can be",
      answers: list([
        null,
        5,
        "config.json",
        [],
        { type: "file" },
        { type: "file", path: 7 },
        { type: "file", path: "../../x.bin", size: -1 },
        { type: "file", path: `${"a".repeat(2000)}.json`, size: 1, oid: "0" },
        { type: "directory", path: "../x.json" },
        ...LIST,
      ]),
    },
    ...[-1, 1.5, 1e300, "22", null, undefined, { valueOf: 22 }].map((size) => ({
      hub: `lists a size of ${JSON.stringify(size)}`,
      answers: listed({ size }),
      fails: /lists "config\.json" with a size of ".*"; don't use this mirror/,
    })),
    ...[undefined, "0", "g".repeat(40), 0, null].map((oid) => ({
      hub: `lists a hash of ${JSON.stringify(oid)}`,
      answers: listed({ oid }),
      fails: /lists "config\.json" without a hash to check it by; don't use/,
    })),
    {
      hub: "lists another hash",
      answers: listed({ oid: "a".repeat(40) }),
      fails: /: config\.json: git's id of it must be a{40}: got [0-9a-f]{40}; /,
    },
    {
      hub: "lists a large file's hash in no form",
      answers: list([LIST[0], { ...LIST[1], lfs: { oid: "md5:0", size: 1 } }]),
      fails: /lists "model\.safetensors" without a hash/,
    },
    {
      hub: "lists a hash with its kind before it",
      answers: list([LIST[0], {
        ...LIST[1],
        lfs: { oid: `sha256:${(LIST[1]!.lfs as Listed).oid}` },
      }]),
    },
  ],
  commits: [
    {
      hub: "tells no commit",
      answers: to("commit", () => status(404)),
      check: ({ hub }) =>
        assert.match(hub.requests.at(-1)!.path, /resolve\/main/),
    },
    {
      hub: "tells a commit that is a path",
      answers: to("commit", () => json({ sha: "../../../evil/x/tree/main" })),
      check: ({ hub }) =>
        assert.match(hub.requests.at(-1)!.path, /resolve\/main/),
    },
    {
      hub: "shows a page in place of the commit",
      answers: to("commit", () => ({ body: "<p>" })),
    },
    {
      hub: "changes the branch after the list",
      answers: ({ aim, request }) =>
        aim === BIG && request.path.includes("/main/")
          ? content(flipped)
          : undefined,
      check: ({ hub }) => {
        const later = hub.requests.slice(1);
        assert.ok(later.every(({ path }) => path.includes(COMMIT)));
      },
    },
    {
      hub: "changes the branch after the list, and tells no commit",
      answers: ({ aim }) =>
        aim === "commit"
          ? status(404)
          : aim === BIG
          ? content(flipped)
          : undefined,
      fails: /SHA-256 must be/,
    },
  ],
};

/** Pulls from a hub as the case has it. */
async function pulled(
  { answers, foreign, idleMs = PATIENT }: Case,
  folder: string,
): Promise<Seen & AsyncDisposable & { error?: Error }> {
  const counts = new Map<string, number>();
  const other: RawServer = serveRaw((request) =>
    foreign?.(request, hub.url) ?? status(404)
  );
  const hub: RawServer = serveRaw((request) => {
    const aim = aimOf(request);
    const tries = counts.get(aim) ?? 0;
    counts.set(aim, tries + 1);
    const asked = { request, aim, tries, foreign: other.url };
    return answers?.(asked) ?? goodReply(request);
  });
  const waits: number[] = [];
  const work = pullModel(ID, folder, {
    endpoint: hub.url,
    token: TOKEN,
    idleMs,
    retries: 3,
    random: () => 1,
    wait: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  });
  let error: Error | undefined;
  try {
    while (!(await work.next()).done);
  } catch (reason) {
    error = reason as Error;
  }
  return {
    hub,
    other,
    waits,
    folder,
    error,
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}

/** Whatever happens: what has a file's name is that file, and nothing is beside. */
function checkFolder(above: string): void {
  assert.deepEqual([...Deno.readDirSync(above)].map(({ name }) => name), [
    "model",
  ]);
  for (const { name } of Deno.readDirSync(`${above}/model`)) {
    if (/\.part(\.etag)?$/.test(name) || name === "tdro_source.json") continue;
    assert.deepEqual(
      Deno.readFileSync(`${above}/model/${name}`),
      FILES[name],
      name,
    );
  }
}

function checkError(error: Error | undefined, fails: RegExp): void {
  assert.ok(error, "it must fail");
  assert.match(error.name, /^(RangeError|SyntaxError)$/, error.stack);
  assert.match(error.message, /^Cannot pull owner\/model: /);
  assert.match(error.message, fails);
  assert.doesNotMatch(error.message, /\p{Cc}|hf_|\.$/u);
}

function checkWhole({ error, folder }: { error?: Error; folder: string }) {
  assert.equal(error, undefined, error?.stack);
  for (const [name, bytes] of Object.entries(FILES)) {
    assert.deepEqual(Deno.readFileSync(`${folder}/${name}`), bytes, name);
  }
  assert.deepEqual(
    [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
    [...Object.keys(FILES), "tdro_source.json"].sort(),
  );
}

for (const [kind, cases] of Object.entries(CASES)) {
  Deno.test(`pullModel() and a hub with odd ${kind}`, async (t) => {
    for (const one of cases) {
      await t.step(`that ${one.hub}`, () =>
        inTempFolder(async (above) => {
          const folder = `${above}/model`;
          await Deno.mkdir(folder);
          await writeFiles(folder, one.begun ?? {});
          await using seen = await pulled(one, folder);
          if (one.fails) checkError(seen.error, one.fails);
          else checkWhole(seen);
          if (!one.begun) checkFolder(above);
          one.check?.(seen);
          // The token is the hub's alone.
          for (const { headers } of seen.other.requests) {
            assert.equal(headers.authorization, undefined);
          }
          assert.equal(
            seen.hub.requests[0]!.headers.authorization,
            `Bearer ${TOKEN}`,
          );
        }));
    }
  });
}
