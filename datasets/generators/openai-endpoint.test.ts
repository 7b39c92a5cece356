// Against a local server that behaves like a real endpoint.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { collect } from "#datasets/files/collect";
import { TransferError } from "#datasets/http/retry";
import { type EndpointConfig, generatorSchema } from "./config.ts";
import { type Behaviour, type FixtureEndpoint, type FixtureOptions, startFixtureEndpoint } from "./fixture-endpoint.ts";
import { type GenerationRequest, InterruptedReply, UnusableRequest } from "./generator.ts";
import { OpenAiEndpoint } from "./openai-endpoint.ts";
import { eventData } from "./server-events.ts";
import { shapeOf } from "./shape.ts";

const KEY = "sk-very-secret-0123456789";
const SECRET_TEXT = "the hazelnut affair";
const ENV = { CORDON_TEST_KEY: KEY };

let endpoint: FixtureEndpoint | undefined;
afterEach(async () => {
  await endpoint?.close();
  endpoint = undefined;
});

async function start(options: FixtureOptions = {}, config: Partial<EndpointConfig> = {}): Promise<OpenAiEndpoint> {
  endpoint = await startFixtureEndpoint({ key: KEY, ...options });
  const section = { kind: "endpoint", base_url: endpoint.baseUrl, key_env: "CORDON_TEST_KEY", model: "test-model", ...config };
  return new OpenAiEndpoint("helpful", generatorSchema.parse(section) as EndpointConfig, ENV);
}

const request = (overrides: Partial<GenerationRequest> = {}): GenerationRequest => ({
  messages: [{ role: "user", content: `Write of ${SECRET_TEXT}.\n${shapeOf({ text: "word ".repeat(30) })}` }],
  maxTokens: 200,
  temperature: 0.7,
  sample: 3,
  json: true,
  ...overrides,
});
const { signal } = new AbortController();

async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string; retryAfterMs?: number }> {
  const error = (await promise.then(
    () => expect.fail("it did not fail"),
    (e: unknown) => e,
  )) as Error & { code?: string };
  const told = inspect(error, { depth: 10, showHidden: true });
  expect(told).not.toContain(KEY);
  expect(told).not.toContain(SECRET_TEXT);
  return error;
}

test.each([true, false])("a reply with its usage; streamed: %s", async (stream) => {
  const generator = await start({}, { stream });
  const reply = await generator.complete(request(), signal);
  expect(JSON.parse(reply.text)).toEqual({ text: expect.stringMatching(/^[A-Z].*\.$/s) });
  expect(reply).toMatchObject({ finish: "stop", estimated: false, outputTokens: Math.ceil(reply.text.length / 4) });
  expect(endpoint!.requests[0]).toMatchObject({ model: "test-model", stream, json: true, seed: 3, temperature: 0.7, maxTokens: 200 });
  expect((await generator.complete(request(), signal)).text).toBe(reply.text);
  expect((await generator.complete(request({ sample: 4 }), signal)).text).not.toBe(reply.text);
});

test.each([true, false])("length, filter, refusal, missing usage; streamed: %s", async (stream) => {
  const script: Behaviour[] = [
    { kind: "reply", text: "x".repeat(2000) },
    { kind: "reply", text: "", finish: "content_filter" },
    { kind: "refusal", text: "I'm sorry, but I can't assist with that." },
    { kind: "reply", text: "12345678", usage: false },
    { kind: "status", status: 400, code: "content_filter" },
  ];
  const generator = await start({ behave: (_r, count) => script[count - 1]! }, { stream });
  const next = () => generator.complete(request(), signal);
  expect(await next()).toMatchObject({ finish: "length", outputTokens: 200 });
  expect(await next()).toMatchObject({ finish: "filtered", text: "" });
  expect(await next()).toMatchObject({ finish: "refused", text: expect.stringContaining("sorry") });
  expect(await next()).toMatchObject({ finish: "stop", outputTokens: 2, estimated: true });
  expect(await next()).toMatchObject({ finish: "filtered", text: "" });
});

test.each([
  [429, { "retry-after": "3" }, 3000],
  [429, { "retry-after-ms": "150" }, 150],
  [500, {}, undefined],
  [503, { "retry-after": "1" }, 1000],
  [408, {}, undefined],
  [409, {}, undefined],
] as const)("%d may pass", async (status, headers, wait) => {
  const generator = await start({ behave: () => ({ kind: "status", status, headers }) });
  const error = await failureOf(generator.complete(request(), signal));
  expect(error).toBeInstanceOf(TransferError);
  expect(error.retryAfterMs).toBe(wait);
});

test.each([
  [{ kind: "status", status: 401 }, /helpful.*key.*CORDON_TEST_KEY/],
  [{ kind: "status", status: 403 }, /helpful.*refuses access/],
  [{ kind: "status", status: 404 }, /helpful.*base_url/],
  [{ kind: "status", status: 402 }, /payment/],
  [{ kind: "status", status: 429, code: "insufficient_quota" }, /payment/],
  [{ kind: "status", status: 307, headers: { location: "http://127.0.0.1:1/" } }, /sends elsewhere/],
] satisfies [Behaviour, RegExp][])("%o ends the run", async (behaviour, message) => {
  const generator = await start({ behave: () => behaviour });
  expect(await failureOf(generator.complete(request(), signal))).toMatchObject({
    code: "generate/endpoint-rejected",
    message: expect.stringMatching(message),
  });
});

test("a wrong key, a model that does not exist, a request that is rejected", async () => {
  let generator = await start({ key: "another" });
  expect(await failureOf(generator.complete(request(), signal))).toMatchObject({
    code: "generate/endpoint-rejected",
    message: expect.stringContaining("[401, invalid_api_key]"),
  });
  await endpoint!.close();
  generator = await start({ models: ["other"] });
  expect(await failureOf(generator.complete(request(), signal))).toMatchObject({
    message: expect.stringContaining("[404, model_not_found]"),
  });
  await endpoint!.close();
  generator = await start({ behave: () => ({ kind: "status", status: 400 }) }, { json_mode: false });
  expect(await failureOf(generator.complete(request({ json: false }), signal))).toMatchObject({
    message: expect.stringContaining("rejects the request"),
  });
});

test.each(["context_length_exceeded", "exceed_context_size_error"])("%s is this row's failure, and says nothing of JSON", async (code) => {
  const generator = await start({ behave: (_r, count) => (count === 1 ? { kind: "status", status: 400, code } : { kind: "model" }) });
  expect(await failureOf(generator.complete(request(), signal))).toBeInstanceOf(UnusableRequest);
  await generator.complete(request(), signal);
  expect(endpoint!.requests.map((r) => r.json)).toEqual([true, true]);
});

test.each([true, false])("a connection that is cut, a reply that stalls, an error inside; streamed: %s", async (stream) => {
  const script: Behaviour[] = [{ kind: "cut", after: 40 }, { kind: "stall", after: 40 }, { kind: "garbage" }];
  if (stream) script.push({ kind: "stream-error" });
  const generator = await start({ behave: (_r, count) => script[count - 1] ?? { kind: "model" } }, { stream, timeout_seconds: 0.6 });
  for (const _ of script) {
    const error = await failureOf(generator.complete(request(), signal));
    expect(error).toBeInstanceOf(InterruptedReply);
    expect((error as InterruptedReply).spent.inputTokens).toBeGreaterThan(10);
    if (stream) expect((error as InterruptedReply).message).not.toContain("cannot be reached");
  }
  await generator.complete(request(), signal);
});

test("a slow reply that keeps coming is waited for, silence is not, and a stop from outside ends it", async () => {
  const generator = await start(
    { behave: (_r, count) => ({ kind: "model", delayMs: count === 1 ? 100 : 3000 }) },
    { timeout_seconds: 0.8 },
  );
  await generator.complete(request(), signal);
  const silence = await failureOf(generator.complete(request(), signal));
  expect(silence.message).toBe("nothing came for 0.8 s");
  // The prompt was sent and may be charged for.
  expect((silence as InterruptedReply).spent).toEqual({ inputTokens: expect.toSatisfy((n: number) => n > 10), outputTokens: 0 });
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  await expect(generator.complete(request(), stop.signal)).rejects.toThrow("aborted");
});

test("where an endpoint does not know response_format it is left out from then on", async () => {
  const generator = await start({ jsonMode: false });
  await generator.complete(request(), signal);
  await generator.complete(request(), signal);
  expect(endpoint!.requests.map((r) => r.json)).toEqual([true, false, false]);
});

test("other optional fields are left out or renamed when an endpoint names them", async () => {
  const seen: Record<string, unknown>[] = [];
  const server = createServer((incoming, response) => {
    let text = "";
    incoming.on("data", (chunk) => (text += String(chunk)));
    incoming.on("end", () => {
      const body = JSON.parse(text) as Record<string, unknown>;
      seen.push(body);
      const refuse = (error: object) => response.writeHead(400).end(JSON.stringify({ error }));
      if ("stream_options" in body) return refuse({ message: "Unknown field: stream_options" });
      if ("seed" in body) return refuse({ message: "no", param: "seed" });
      if ("max_tokens" in body)
        return refuse({ message: "Use 'max_completion_tokens'", param: "max_tokens", code: "unsupported_parameter" });
      return response.end(JSON.stringify({ choices: [{ message: { content: "{}" }, finish_reason: "stop" }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const config = generatorSchema.parse({
    kind: "endpoint",
    base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    model: "m",
  });
  const generator = new OpenAiEndpoint("plain", config as EndpointConfig, {});
  expect(await generator.complete(request(), signal)).toMatchObject({ text: "{}", finish: "stop", estimated: true });
  expect(seen).toHaveLength(4);
  expect(seen[3]).toMatchObject({ max_completion_tokens: 200, response_format: { type: "json_object" }, stream: true });
  server.close();
  server.closeAllConnections();
});

test("keys: not set, not a key, not reachable", async () => {
  const config = generatorSchema.parse({
    kind: "endpoint",
    base_url: "http://127.0.0.1:1/v1",
    key_env: "CORDON_TEST_KEY",
    model: "m",
  }) as EndpointConfig;
  expect(() => new OpenAiEndpoint("g", config, {})).toThrow(/CORDON_TEST_KEY is not set/);
  expect(() => new OpenAiEndpoint("g", config, { CORDON_TEST_KEY: `${KEY}\nx` })).toThrow(/^(?!.*sk-very).*no key/);
  const error = await failureOf(new OpenAiEndpoint("g", config, ENV).complete(request(), signal));
  expect(error).toBeInstanceOf(TransferError);
  expect(error.message).toMatch(/cannot be reached/);
});

test("server-sent events are the same wherever the bytes are cut, and however lines end", async () => {
  const data = fc.array(
    fc.string({ unit: "grapheme" }).map((s) => s.replaceAll(/[\r\n\uFEFF]/g, "")),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        data.filter((lines) => lines.length > 0),
        { maxLength: 5 },
      ),
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.integer({ min: 1, max: 9 }),
      async (events, end, step) => {
        const text = events.map((lines) => `: comment${end}event: x${end}${lines.map((l) => `data: ${l}${end}`).join("")}${end}`).join("");
        const bytes = Buffer.from(text);
        const chunks = (async function* () {
          for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
        })();
        expect(await collect(eventData(chunks))).toEqual(events.map((lines) => lines.join("\n")));
      },
    ),
  );
});
