import { ask, type AskOptions } from "./ask.ts";
import { type Patience, retrying } from "./retry.ts";
import { checkStatus } from "./status_fault.ts";
import { WebFault } from "./web_fault.ts";

/** Options for {@linkcode askJson}. */
export interface AskJsonOptions extends Omit<AskOptions, "headers">, Patience {
  /** Most bytes of the answer. */
  maxBytes: number;
}

/** An answer in JSON. */
export interface JsonAnswer {
  /** What it says. */
  value: unknown;
  /** Its size. */
  bytes: number;
  /** Where it came from in the end. */
  url: URL;
  /** The headers. */
  headers: Headers;
}

/**
 * Asks for JSON, again if the server fails in a way that may pass.
 *
 * @throws {WebFault} If there is no answer, or it is something else.
 */
export async function askJson(
  url: string | URL,
  options: AskJsonOptions,
): Promise<JsonAnswer> {
  const headers = { accept: "application/json" };
  return await retrying(
    () =>
      ask(url, { ...options, headers }, async (answer) => {
        checkStatus(answer);
        const text = await readText(answer.chunks, options.maxBytes);
        return {
          value: parse(text),
          bytes: text.length,
          url: answer.url,
          headers: answer.headers,
        };
      }),
    options,
  );
}

async function readText(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let bytes = 0;
  let text = "";
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw notThis(`more than ${Math.round(maxBytes / (1 << 20))} MiB`);
    }
    text += decodePart(decoder, chunk);
  }
  return text + decodePart(decoder);
}

function decodePart(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    throw notThis("something that isn't UTF-8");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notThis(
      /^\s*</.test(text) ? "a web page" : "something that isn't JSON",
    );
  }
}

/** The fault of an answer that can't be what was asked for. */
export function notThis(what: string): WebFault {
  return new WebFault(`the server answers ${what}`, {
    mend: "check the address of the hub or mirror",
  });
}
