// A local server that behaves like an OpenAI-compatible endpoint, with all its ways of failing. For tests only.
// Derives from OpenAI's API reference (POST /chat/completions; chat completion chunks; error objects).
//   const endpoint = await startFixtureEndpoint({ behave: (request) => (request.attempt === 1 ? { kind: "status", status: 500 } : MODEL) });
//   … endpoint.baseUrl, endpoint.requests, endpoint.peak …
//   await endpoint.close();
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answerOf, type ModelRequest } from "./fixture-model.ts";

/** What the server does with one request. */
export type Behaviour =
  /** The fixture model answers. */
  | { kind: "model"; delayMs?: number }
  /** A given reply. `usage: false` leaves the counts out. */
  | { kind: "reply"; text: string; finish?: "stop" | "length" | "content_filter"; usage?: boolean; delayMs?: number }
  /** `message.refusal`, as OpenAI's models decline where a JSON schema or object is asked for. */
  | { kind: "refusal"; text: string }
  /** An HTTP error with OpenAI's error object; the message quotes the key and the prompt, as careless servers do. */
  | { kind: "status"; status: number; code?: string; headers?: Record<string, string> }
  /** Sends so many characters of the model's reply, then nothing more. */
  | { kind: "stall"; after: number }
  /** Sends so many characters of the model's reply, then cuts the connection. */
  | { kind: "cut"; after: number }
  /** Sends some of the reply, then an error object inside the stream, as vLLM and LiteLLM do. */
  | { kind: "stream-error" }
  /** 200 and a body that is no JSON: a proxy's page. */
  | { kind: "garbage" };

export const MODEL: Behaviour = { kind: "model" };

export interface FixtureRequest extends ModelRequest {
  model: string;
  stream: boolean;
  /** Whether `response_format` asks for a JSON object. */
  json: boolean;
  temperature: number | undefined;
  maxTokens: number | undefined;
  /** Of this very body, from 1: tells a retry. */
  attempt: number;
  /** All messages in one text. */
  prompt: string;
  headers: IncomingHttpHeaders;
}

export interface FixtureOptions {
  /** The key that is asked for as a bearer token; without it none is needed. */
  key?: string;
  /** Models that exist; any by default. */
  models?: readonly string[];
  /** `false`: answers 400 to `response_format`, as small servers do. */
  jsonMode?: boolean;
  /** What to do with each request; `count` is the number of requests so far, from 1. The model answers by default. */
  behave?: (request: FixtureRequest, count: number) => Behaviour | Promise<Behaviour>;
}

export interface FixtureEndpoint {
  /** Ends in /v1, as `base_url` takes it. */
  baseUrl: string;
  /** Every request to /chat/completions, in order of arrival. */
  requests: FixtureRequest[];
  /** Most requests that were open at one time. */
  readonly peak: number;
  close(): Promise<void>;
}

export async function startFixtureEndpoint(options: FixtureOptions = {}): Promise<FixtureEndpoint> {
  const requests: FixtureRequest[] = [];
  const attempts = new Map<string, number>();
  let open = 0;
  let peak = 0;
  const server = createServer((incoming, response) => {
    open++;
    peak = Math.max(peak, open);
    response.on("close", () => open--);
    void (async () => {
      let body = "";
      for await (const chunk of incoming) body += String(chunk);
      if (incoming.method !== "POST" || incoming.url !== "/v1/chat/completions") return sendError(response, 404, "no such route");
      if (options.key !== undefined && incoming.headers.authorization !== `Bearer ${options.key}`) {
        return sendError(response, 401, `Incorrect API key provided: ${incoming.headers.authorization}`, "invalid_api_key");
      }
      const parsed = JSON.parse(body) as Record<string, unknown>;
      const attempt = (attempts.get(body) ?? 0) + 1;
      attempts.set(body, attempt);
      const request = requestOf(parsed, attempt, incoming.headers);
      requests.push(request);
      if (options.models?.includes(request.model) === false) {
        return sendError(response, 404, `The model ${request.model} does not exist`, "model_not_found");
      }
      if (options.jsonMode === false && request.json) return sendError(response, 400, "response_format is not supported");
      await perform((await options.behave?.(request, requests.length)) ?? MODEL, request, response);
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    get peak() {
      return peak;
    },
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

function requestOf(body: Record<string, unknown>, attempt: number, headers: IncomingHttpHeaders): FixtureRequest {
  const messages = body["messages"] as { role: string; content: string }[];
  return {
    messages,
    model: String(body["model"]),
    stream: body["stream"] === true,
    json: body["response_format"] !== undefined,
    seed: body["seed"] as number | undefined,
    temperature: body["temperature"] as number | undefined,
    maxTokens: (body["max_tokens"] ?? body["max_completion_tokens"]) as number | undefined,
    attempt,
    prompt: messages.map((m) => m.content).join("\n"),
    headers,
  };
}

async function perform(behaviour: Behaviour, request: FixtureRequest, response: ServerResponse): Promise<void> {
  switch (behaviour.kind) {
    case "model":
      await sleep(behaviour.delayMs ?? 0);
      return await send(response, request, { content: answerOf(request) });
    case "reply":
      await sleep(behaviour.delayMs ?? 0);
      return await send(response, request, { content: behaviour.text }, behaviour.finish ?? "stop", behaviour.usage ?? true);
    case "refusal":
      return await send(response, request, { refusal: behaviour.text });
    case "status": {
      const said = `no: ${request.headers.authorization ?? ""} asked ${request.prompt}`;
      return sendError(response, behaviour.status, said, behaviour.code, behaviour.headers);
    }
    case "stall":
    case "cut": {
      const sent = answerOf(request).slice(0, behaviour.after);
      response.writeHead(200, { "content-type": request.stream ? "text/event-stream" : "application/json" });
      response.write(request.stream ? event({ choices: [{ index: 0, delta: { content: sent } }] }) : `{"choices":[{"message":{"content":"`);
      if (behaviour.kind === "cut") setTimeout(() => response.destroy(), 10);
      return;
    }
    case "stream-error":
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event({ choices: [{ index: 0, delta: { content: "{" } }] }));
      response.end(event({ error: { message: `worker died at ${request.prompt}`, code: 500 } }));
      return;
    case "garbage":
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Bad gateway</html>");
  }
}

const CHUNK_CHARACTERS = 24;

async function send(
  response: ServerResponse,
  request: FixtureRequest,
  message: { content: string } | { refusal: string },
  finish = "stop",
  withUsage = true,
): Promise<void> {
  const [field, whole] = Object.entries(message)[0] as [string, string];
  const limit = (request.maxTokens ?? Infinity) * 4;
  const text = whole.slice(0, limit);
  const finish_reason = text === whole ? finish : "length";
  const usage = { prompt_tokens: Math.ceil(request.prompt.length / 4), completion_tokens: Math.ceil(text.length / 4) };
  const common = { id: "chatcmpl-fixture", created: 0, model: request.model };
  if (!request.stream) {
    response.writeHead(200, { "content-type": "application/json" });
    const choice = { index: 0, message: { role: "assistant", content: null, [field]: text }, finish_reason };
    response.end(JSON.stringify({ ...common, object: "chat.completion", choices: [choice], ...(withUsage ? { usage } : {}) }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const chunk = (delta: object, last: string | null = null) =>
    response.write(event({ ...common, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: last }] }));
  chunk({ role: "assistant", content: "" });
  for (let at = 0; at < text.length; at += CHUNK_CHARACTERS) {
    chunk({ [field]: text.slice(at, at + CHUNK_CHARACTERS) });
    // Let the pieces leave one by one, so that a client meets events cut between two reads.
    if (at % (CHUNK_CHARACTERS * 8) === 0) await sleep(0);
  }
  chunk({}, finish_reason);
  if (withUsage) response.write(event({ ...common, object: "chat.completion.chunk", choices: [], usage }));
  response.end("data: [DONE]\n\n");
}

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;

function sendError(response: ServerResponse, status: number, message: string, code?: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ error: { message, type: "error", code: code ?? null } }));
}
