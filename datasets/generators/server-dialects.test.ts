// What servers make of OpenAI's protocol: vLLM, llama.cpp, Ollama, Mistral, FastAPI and proxies differ in what they leave out.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { generatorSchema, type EndpointConfig } from "./config.ts";
import type { Completion, GenerationRequest } from "./generator.ts";
import { OpenAiEndpoint } from "./openai-endpoint.ts";

let server: Server | undefined;
afterEach(() => void server?.close());

type Reply = (response: ServerResponse, body: Record<string, unknown>) => void;

async function complete(reply: Reply, config: Partial<EndpointConfig> = {}): Promise<Completion> {
  server = createServer((request, response) => void bodyOf(request).then((body) => reply(response, body)));
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const endpoint = new OpenAiEndpoint("m", generatorSchema.parse({ kind: "endpoint", base_url, model: "m", ...config }) as EndpointConfig);
  return endpoint.complete(REQUEST, new AbortController().signal);
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return JSON.parse(body) as Record<string, unknown>;
}

const REQUEST: GenerationRequest = {
  messages: [{ role: "user", content: "a question" }],
  maxTokens: 20,
  temperature: 1,
  sample: 0,
  json: true,
};
const delta = (piece: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta: piece, logprobs: null, finish_reason }],
});
const ROLE = delta({ role: "assistant", content: "" });
const WORDS = [delta({ content: "two " }), delta({ content: "words" })];
const END = delta({}, "stop");
const USAGE = { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } };

const events =
  (chunks: unknown[], { before = "data: ", after = "\n\n", done = true, type = "text/event-stream; charset=utf-8" } = {}): Reply =>
  (response) => {
    if (type === "") response.writeHead(200);
    else response.writeHead(200, { "content-type": type });
    for (const chunk of chunks) response.write(`${before}${JSON.stringify(chunk)}${after}`);
    response.end(done ? `${before}[DONE]${after}` : "");
  };

test.each<[string, Reply]>([
  ["OpenAI's own", events([ROLE, ...WORDS, END, USAGE])],
  ["no space after data:, CRLF", events([ROLE, ...WORDS, END, USAGE], { before: "data:", after: "\r\n\r\n" })],
  ["comments that keep it alive", events([ROLE, ...WORDS, END, USAGE], { before: ": ping\r\n\r\ndata: ", after: "\r\n: ping\r\n\r\n" })],
  [
    "thoughts in a field of their own",
    events([delta({ role: "assistant", content: null, reasoning_content: "hm {" }), ...WORDS, END, USAGE]),
  ],
  ["fields that are null", events([delta({ role: "assistant", content: "", tool_calls: null, refusal: null }), ...WORDS, END, USAGE])],
  ["no reason to finish, but a mark", events([ROLE, ...WORDS, USAGE])],
  ["a reason to finish, but no mark", events([ROLE, ...WORDS, END, USAGE], { done: false })],
  ["events that a proxy calls plain text", events([ROLE, ...WORDS, END, USAGE], { type: "text/plain" })],
  ["events without a type", events([ROLE, ...WORDS, END, USAGE], { type: "" })],
])("%s: the reply and its usage", async (_, reply) => {
  expect(await complete(reply)).toEqual({ text: "two words", finish: "stop", inputTokens: 3, outputTokens: 2, estimated: false });
});

test.each<[string, unknown[]]>([
  ["no usage", []],
  ["an empty one, without choices", [{ choices: null, usage: {} }]],
  ["one of the prompt alone", [{ choices: [], usage: { prompt_tokens: 3 } }]],
])("%s: the reply stands, and its tokens are estimates", async (_, last) => {
  expect(await complete(events([ROLE, ...WORDS, END, ...last]))).toMatchObject({ text: "two words", finish: "stop", estimated: true });
});

test("a reply in parts is its text, without the thoughts", async () => {
  const content = [
    { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
    { type: "text", text: "two " },
    { type: "text", text: "words" },
  ];
  const reply: Reply = (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content }, finish_reason: "stop" }] }));
  };
  expect(await complete(reply, { stream: false })).toMatchObject({ text: "two words", finish: "stop" });
});

test("FastAPI's 422 names the field that is not known: it is left out", async () => {
  const asked: string[][] = [];
  const reply: Reply = (response, body) => {
    asked.push(Object.keys(body));
    const field = ["stream_options", "seed"].find((name) => name in body);
    if (field === undefined) return events([ROLE, ...WORDS, END])(response, body);
    response.writeHead(422, { "content-type": "application/json" });
    response.end(JSON.stringify({ detail: [{ type: "extra_forbidden", loc: ["body", field], msg: "Extra inputs are not permitted" }] }));
  };
  expect(await complete(reply)).toMatchObject({ text: "two words" });
  expect(asked.map((fields) => ["stream_options", "seed", "response_format"].filter((name) => fields.includes(name)))).toEqual([
    ["stream_options", "seed", "response_format"],
    ["seed", "response_format"],
    ["response_format"],
  ]);
});

test.each<[string, number, Record<string, string>, RegExp]>([
  ["an address that sends elsewhere", 302, { location: "/v2/chat/completions" }, /sends elsewhere \[302\].*base_url/],
  ["an address that takes no questions", 405, {}, /no such model or address \[405\]/],
  ["a door that is shut", 403, {}, /refuses access \[403\]: name the variable of a key in key_env; it must be allowed/],
])("%s ends the run, with what to mend and without its page", async (_, status, headers, message) => {
  const reply: Reply = (response) => {
    response.writeHead(status, { "content-type": "text/html", ...headers });
    response.end("<html>the page</html>");
  };
  const error = (await complete(reply).catch((e: unknown) => e)) as Error;
  expect(error).toMatchObject({ code: "generate/endpoint-rejected", message: expect.stringMatching(message) });
  expect(error.message).not.toContain("page</html>");
});
