/** What the stub was asked. */
export interface StubRequest {
  /** Its path. */
  path: string;
  /** `authorization`, as it came. */
  key: string | null;
  /** The body, if it had one. */
  body: StubBody;
}

/** The parts of a request's body that tests look at. */
export interface StubBody {
  model: string;
  messages: { role: string; content: string }[];
  temperature?: number;
  max_tokens?: number;
  max_completion_tokens?: number;
  response_format?: { json_schema: { schema: Record<string, unknown> } };
}

/** What the stub answers: a text, or a whole response. */
export type StubAnswer = string | Response;

/** A server in this process that speaks as much of OpenAI's interface as we use. */
export interface StubServer extends AsyncDisposable {
  /** Its base address. */
  url: string;
  /** All that it was asked, in order. */
  requests: StubRequest[];
  /** Those of chat completions, the trial of a schema left out. */
  asked(): StubRequest[];
}

/** How the stub answers. */
export interface StubOptions {
  /** Answers a chat; `n` counts those without the trial of a schema, from 0. */
  answer?: (
    body: StubBody,
    n: number,
  ) => StubAnswer | Promise<StubAnswer>;
  /** Answers the list of models. @default {one called small} */
  models?: (n: number) => Response;
  /** Answers the trial of a schema. @default {as one who obeys} */
  trial?: (body: StubBody) => StubAnswer;
}

/** A chat completion with such a text. */
export function chat(content: string, finish = "stop"): Response {
  return Response.json({
    id: "1",
    object: "chat.completion",
    choices: [{
      index: 0,
      finish_reason: finish,
      message: { role: "assistant", content },
    }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  });
}

/** Whether it is the question by which the client tries a server. */
const isTrial = ({ messages }: StubBody) =>
  messages.at(-1)!.content.startsWith("Name a colour");

/** Starts a stub on a free port. */
export function stubServer(
  {
    answer = () => "{}",
    models = () => Response.json({ data: [{ id: "small" }] }),
    trial = () => '{"colour": "red", "number": 3}',
  }: StubOptions = {},
): StubServer {
  const requests: StubRequest[] = [];
  let [chats, lists] = [0, 0];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const path = new URL(request.url).pathname;
      const body = request.method === "POST" ? await request.json() : undefined;
      const key = request.headers.get("authorization");
      requests.push({ path, key, body });
      if (path === "/v1/models") return models(lists++);
      if (path !== "/v1/chat/completions") {
        return new Response("no", { status: 404 });
      }
      const said = isTrial(body) ? trial(body) : await answer(body, chats++);
      return typeof said === "string" ? chat(said) : said;
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/v1`,
    requests,
    asked: () =>
      requests.filter(({ path, body }) =>
        path === "/v1/chat/completions" && !isTrial(body)
      ),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** An error as OpenAI's servers word it. */
export function refused(
  status: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ error: { message } }, { status, headers });
}
