import assert from "node:assert/strict";
import { parseArgs } from "@std/cli/parse-args";
import { ProgressBar } from "@std/cli/unstable-progress-bar";

Deno.test("parseArgs() reads long flags with and without =", () => {
  assert.deepEqual(
    parseArgs(["--a=1", "--b", "2", "--c", "x=y", "--d=p=q", "--e"]),
    { _: [], a: 1, b: 2, c: "x=y", d: "p=q", e: true },
  );
});

Deno.test("parseArgs() keeps declared strings as text and casts the rest", () => {
  assert.deepEqual(
    parseArgs(["--id", "007", "--n", "007", "0x10", "1e3", "7a"], {
      string: ["id"],
    }),
    { _: [16, 1000, "7a"], id: "007", n: 7 },
  );
  assert.deepEqual(parseArgs(["007"], { string: ["_"] }), { _: ["007"] });
});

Deno.test("parseArgs() never takes a dash word as a value of --flag", () => {
  assert.deepEqual(parseArgs(["--s", "--t", "-5"], { string: ["s", "t"] }), {
    _: [],
    s: "",
    t: "",
    5: true,
  });
  assert.deepEqual(parseArgs(["--t=-5"]), { _: [], t: -5 });
});

Deno.test("parseArgs() sets booleans, takes true and false, fills false", () => {
  assert.deepEqual(
    parseArgs(["--a", "file", "--b", "false", "--c=false", "--d=yes"], {
      boolean: ["a", "b", "c", "d", "e"],
    }),
    { _: ["file"], a: true, b: false, c: false, d: true, e: false },
  );
  assert.deepEqual(parseArgs(["--a", "x", "--b=y"], { boolean: true }), {
    _: ["x"],
    a: true,
    b: "y",
  });
});

Deno.test("parseArgs() negates only what is negatable", () => {
  assert.deepEqual(
    parseArgs(["--no-a", "--no-b"], { boolean: ["a"], negatable: ["a"] }),
    { _: [], a: false, "no-b": true },
  );
});

Deno.test("parseArgs() collects, as [] where absent", () => {
  assert.deepEqual(
    parseArgs(["--a", "1", "--a=2", "--b"], {
      string: ["a", "c"],
      boolean: ["b", "d"],
      collect: ["a", "b", "c", "d"],
    }),
    { _: [], a: ["1", "2"], b: [true], c: [], d: [] },
  );
});

Deno.test("parseArgs() gives every alias the value, the default too", () => {
  assert.deepEqual(
    parseArgs(["-q"], {
      boolean: ["quiet"],
      alias: { quiet: "q", out: ["o", "output"] },
      default: { out: "x", quiet: false },
    }),
    { _: [], q: true, quiet: true, out: "x", o: "x", output: "x" },
  );
});

Deno.test("parseArgs() nests dotted names", () => {
  assert.deepEqual(
    parseArgs(["--a.b", "1", "--a.c=2"], {
      string: ["a.b", "a.d"],
      collect: ["a.b", "a.d"],
    }),
    { _: [], a: { b: ["1"], c: 2, d: [] } },
  );
});

Deno.test("parseArgs() reads clusters of short flags", () => {
  assert.deepEqual(parseArgs(["-abc", "x"]), {
    _: [],
    a: true,
    b: true,
    c: "x",
  });
  assert.deepEqual(parseArgs(["-n5", "-o=f", "-v", "-w"]), {
    _: [],
    n: 5,
    o: "f",
    v: true,
    w: true,
  });
  assert.deepEqual(parseArgs(["-"]), { _: ["-"] });
});

Deno.test("parseArgs() keeps what follows -- apart or with the operands", () => {
  const words = ["a", "--", "--b", "1"];
  assert.deepEqual(parseArgs(words), { _: ["a", "--b", 1] });
  assert.deepEqual(parseArgs(words, { "--": true }), {
    _: ["a"],
    "--": ["--b", "1"],
  });
});

Deno.test("parseArgs() stops early at the first operand", () => {
  assert.deepEqual(parseArgs(["--a", "--", "x"], { boolean: ["a"] }), {
    _: ["x"],
    a: true,
  });
  assert.deepEqual(
    parseArgs(["-v", "go", "--a", "1"], { boolean: ["v"], stopEarly: true }),
    { _: ["go", "--a", "1"], v: true },
  );
});

Deno.test("parseArgs() asks `unknown` about undeclared flags and operands", () => {
  const asked: unknown[][] = [];
  const result = parseArgs(["--a", "1", "--x=2", "op", "-y"], {
    string: ["a"],
    unknown: (...call) => {
      asked.push(call);
      return call[1] !== "x";
    },
  });
  assert.deepEqual(asked, [["--x=2", "x", "2"], ["op"], ["-y", "y", true]]);
  assert.deepEqual(result, { _: ["op"], a: "1", y: true });
});

/** A stream that keeps what is written to it. */
function memory(): { stream: WritableStream<Uint8Array>; text(): string } {
  const decoder = new TextDecoder();
  let text = "";
  return {
    stream: new WritableStream({
      write: (b) => void (text += decoder.decode(b)),
    }),
    text: () => text,
  };
}

Deno.test("ProgressBar prints at once, every second, and at the end", async () => {
  const { stream, text } = memory();
  // Its clock is in our hands.
  const { setInterval } = globalThis;
  let tick = () => {};
  let every: number | undefined;
  globalThis.setInterval = ((print: () => void, milliseconds: number) => {
    [tick, every] = [print, milliseconds];
    return 0;
  }) as unknown as typeof setInterval;
  try {
    const bar = new ProgressBar({
      max: 10,
      writable: stream,
      barLength: 10,
      fillChar: "=",
      emptyChar: ".",
      fmt: (x) => `${x.progressBar} ${x.value}/${x.max} was ${x.previousValue}`,
    });
    assert.equal(every, 1000);
    bar.value = 5;
    tick();
    bar.value = 12;
    await bar.stop();
  } finally {
    globalThis.setInterval = setInterval;
  }
  assert.deepEqual(text().split("\r\u001b[K"), [
    "",
    "[..........] 0/10 was 0",
    "[=====.....] 5/10 was 0",
    "[==========] 12/10 was 5\n",
  ]);
  // The stream was left open and unlocked.
  await stream.getWriter().close();
});

Deno.test("ProgressBar clears its line and closes the stream if asked", async () => {
  const { stream, text } = memory();
  const bar = new ProgressBar({
    max: 2048,
    value: 1024,
    writable: stream,
    barLength: 4,
    clear: true,
    keepOpen: false,
  });
  await bar.stop();
  assert.equal(
    text(),
    "\r\u001b[K[00:00] [##--] [1.00/2.00 KiB]\r\u001b[K",
  );
  await assert.rejects(stream.getWriter().write(new Uint8Array()));
});

Deno.test("ProgressBar outlives a stream that fails", async () => {
  const broken = new WritableStream<Uint8Array>({
    write() {
      throw new Deno.errors.BrokenPipe("gone");
    },
  });
  const bar = new ProgressBar({ max: 1, writable: broken });
  await bar.stop();
});
