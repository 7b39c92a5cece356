import { connect } from "node:net";
import fc from "fast-check";
import type { FastifyInstance } from "fastify";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OPENAI_CATEGORIES, toOpenAi } from "#models/taxonomy-maps";
import { fixtureModel, FIXTURE_WORDS, type FixtureModel } from "#serve/guard/fixture-model";
import type { GuardOptions } from "#serve/guard/guard";
import { LONG_INPUT, Moderator } from "#serve/guard/moderator";
import { RequestLog } from "./request-log.ts";
import { buildServer, SERVER_DEFAULTS, type Readiness, type ServerOptions } from "./server.ts";

const KEY = "a-key";
const JSON_TYPE = { "content-type": "application/json" };

type BuildOptions = Partial<ServerOptions> & { model?: FixtureModel; guard?: GuardOptions; longInput?: number; readiness?: Readiness };

function build(options: BuildOptions = {}) {
  const { model = fixtureModel(), guard = {}, longInput = LONG_INPUT, readiness = { state: "ready" }, ...rest } = options;
  const moderator = new Moderator(model, { guard, longInput });
  return {
    guard: moderator.guard,
    moderator,
    readiness,
    server: buildServer(moderator, readiness, { ...SERVER_DEFAULTS, onFault: (_, fault) => console.error(fault), ...rest }),
  };
}

async function moderate(server: FastifyInstance, body: unknown, headers: Record<string, string> = {}) {
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  return server.inject({ method: "POST", url: "/v1/moderations", headers: { ...JSON_TYPE, ...headers }, payload });
}

describe("the official client", () => {
  const { server, moderator, guard } = build({ apiKeys: [KEY] });
  let client: OpenAI;
  beforeAll(async () => {
    await moderator.start();
    client = new OpenAI({ apiKey: KEY, baseURL: `${await server.listen({ host: "127.0.0.1", port: 0 })}/v1`, maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    await moderator.stop();
  });

  it("gets one result for a string, with all 13 categories", async () => {
    const { id, model, results } = await client.moderations.create({ input: "the zorblax", model: "omni-moderation-latest" });
    expect(id).toMatch(/^modr-[0-9a-f]{16}/);
    expect(model).toBe("fixture");
    expect(results).toHaveLength(1);
    const [result] = results;
    expect(result!.flagged).toBe(true);
    for (const part of [result!.categories, result!.category_scores, result!.category_applied_input_types]) {
      expect(Object.keys(part)).toEqual([...OPENAI_CATEGORIES]);
    }
    expect(
      Object.entries(result!.categories)
        .filter(([, is]) => is)
        .map(([name]) => name),
    ).toEqual(["illicit", "illicit/violent", "violence"]);
    expect(result!.category_scores.violence).toBeGreaterThan(0.9);
    expect(new Set(Object.values(result!.category_applied_input_types).flat())).toEqual(new Set(["text"]));
  });

  it("gets a result a string for an array", async () => {
    const { results } = await client.moderations.create({ input: ["a house", "a quimpet", ""] });
    expect(results.map((result) => result.flagged)).toEqual([false, true, false]);
    expect(results[1]!.categories).toMatchObject({ hate: true, "hate/threatening": true, harassment: true, violence: true });
    expect(Object.values(results[0]!.categories)).not.toContain(true);
  });

  it("gets one result for content parts", async () => {
    const parts = ["a house", "a vundle"].map((text) => ({ type: "text" as const, text }));
    const { results } = await client.moderations.create({ input: parts });
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ flagged: true, categories: { "self-harm": true, violence: false } });
  });

  it("gets the same for a long input, which a worker scores", async () => {
    const long = `${"word ".repeat(30_000)} brastok`;
    const { results } = await client.moderations.create({ input: [long, "brastok"] });
    expect(results.map(({ flagged, categories }) => ({ flagged, minors: categories["sexual/minors"] }))).toEqual([
      { flagged: true, minors: true },
      { flagged: true, minors: true },
    ]);
  });

  it("sees errors as its own classes, with the request's id", async () => {
    const image = { type: "image_url" as const, image_url: { url: "https://example.org/a.png" } };
    const refused = client.moderations.create({ input: [{ type: "text", text: "a" }, image] });
    await expect(refused).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(refused).rejects.toMatchObject({
      status: 400,
      code: "image_not_supported",
      param: "input[1]",
      type: "invalid_request_error",
    });
    await expect(refused).rejects.toMatchObject({ requestID: expect.stringMatching(/^req_/) });
    const stranger = new OpenAI({ apiKey: "another", baseURL: client.baseURL, maxRetries: 0 });
    await expect(stranger.moderations.create({ input: "a" })).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it("lists and gets the model", async () => {
    expect((await client.models.list()).data.map(({ id, object }) => ({ id, object }))).toEqual([{ id: "fixture", object: "model" }]);
    expect(await client.models.retrieve("fixture")).toMatchObject({ id: "fixture", owned_by: "cordon" });
    await expect(client.models.retrieve("other")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it("answers the malformed with the error shape too", async () => {
    const { port } = server.server.address() as { port: number };
    const reply = await new Promise<string>((resolve) => {
      let all = "";
      const socket = connect(port, "127.0.0.1", () => socket.write("NOT HTTP\r\n\r\n"));
      socket.on("data", (chunk: Buffer) => (all += chunk.toString())).on("close", () => resolve(all));
    });
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(reply).toMatch(/\r\nx-request-id: req_\w+\r\n/);
    expect(JSON.parse(reply.slice(reply.indexOf("{")))).toMatchObject({ error: { code: "bad_request", param: null } });
  });

  it("scores as the map of taxonomies says", async () => {
    const sentence = fc.array(fc.constantFrom(...Object.keys(FIXTURE_WORDS), "a", "house"), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(sentence, { minLength: 1, maxLength: 4 }), async (sentences) => {
        const input = sentences.map((s) => s.join(" "));
        const { results } = (await moderate(server, { input }, { "x-api-key": KEY })).json();
        expect(results).toHaveLength(input.length);
        for (const [i, verdict] of guard.moderate(input).entries()) {
          if (verdict.state === "undetermined") throw new Error("no verdict");
          const scores = Object.fromEntries(guard.labels.map((label, k) => [label, verdict.scores[k]!]));
          const expected = Object.entries(toOpenAi(scores)).map(([name, score]) => [name, Math.round(score * 1e6) / 1e6]);
          expect(results[i].category_scores).toEqual(Object.fromEntries(expected));
          const alone = (await moderate(server, { input: input[i] }, { "x-api-key": KEY })).json();
          expect(alone.results[0]).toEqual(results[i]);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe("errors", () => {
  const { server } = build({ apiKeys: [KEY, "second"], maxBody: 2000, maxInputs: 3 });
  const auth = { "x-api-key": KEY };

  const bodies: [string, unknown, number, string, string | null][] = [
    ["not JSON", "{", 400, "invalid_json", null],
    ["an empty body", "", 400, "invalid_json", null],
    ["not an object", "[1]", 400, "invalid_type", null],
    ["no input", { model: "m" }, 400, "missing_input", "input"],
    ["a null input", { input: null }, 400, "missing_input", "input"],
    ["a number", { input: 5 }, 400, "invalid_type", "input"],
    ["an object", { input: { text: "a" } }, 400, "invalid_type", "input"],
    ["an empty array", { input: [] }, 400, "empty_input", "input"],
    ["tokens", { input: [1, 2] }, 400, "invalid_type", "input[0]"],
    ["a mixed array", { input: ["a", { type: "text", text: "b" }] }, 400, "invalid_type", "input[1]"],
    ["mixed parts", { input: [{ type: "text", text: "b" }, "a"] }, 400, "invalid_type", "input[1]"],
    ["a nested array", { input: [["a"]] }, 400, "invalid_type", "input[0]"],
    ["too many inputs", { input: ["a", "b", "c", "d"] }, 400, "too_many_inputs", "input"],
    ["an image", { input: [{ type: "image_url", image_url: { url: "u" } }] }, 400, "image_not_supported", "input[0]"],
    ["an unknown part", { input: [{ type: "audio" }] }, 400, "invalid_type", "input[0].type"],
    ["a part without text", { input: [{ type: "text" }] }, 400, "invalid_type", "input[0].text"],
    ["a model that is no name", { input: "a", model: 7 }, 400, "invalid_type", "model"],
    ["a body too large", { input: "a".repeat(3000) }, 413, "body_too_large", null],
  ];
  it.each(bodies)("%s", async (_, body, status, code, param) => {
    const response = await moderate(server, body, auth);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toEqual({ error: { message: expect.any(String), type: "invalid_request_error", param, code } });
    expect(response.headers["x-request-id"]).toMatch(/^req_/);
    expect(response.headers["content-type"]).toMatch(/^application\/json/);
  });

  const requests: [string, object, number, string][] = [
    ["no key", { method: "POST", url: "/v1/moderations", headers: JSON_TYPE, payload: "{}" }, 401, "invalid_api_key"],
    [
      "a wrong key",
      { method: "POST", url: "/v1/moderations", headers: { ...JSON_TYPE, authorization: "Bearer no" }, payload: "{" },
      401,
      "invalid_api_key",
    ],
    ["no key, an encoded address", { method: "POST", url: "/%761/moderations", headers: JSON_TYPE, payload: "{}" }, 401, "invalid_api_key"],
    ["models without a key", { method: "GET", url: "/v1/models" }, 401, "invalid_api_key"],
    ["an unknown address", { method: "GET", url: "/v2/things?input=zorblax" }, 404, "unknown_url"],
    ["a bad address", { method: "GET", url: "/%zz" }, 404, "unknown_url"],
    ["the wrong method", { method: "GET", url: "/v1/moderations?a=1" }, 405, "method_not_allowed"],
    [
      "text/plain",
      { method: "POST", url: "/v1/moderations", headers: { ...auth, "content-type": "text/plain" }, payload: "a" },
      415,
      "unsupported_media_type",
    ],
    [
      "no content type",
      { method: "POST", url: "/v1/moderations", headers: auth, payload: Buffer.from("{}") },
      415,
      "unsupported_media_type",
    ],
    [
      "a compressed body",
      {
        method: "POST",
        url: "/v1/moderations",
        headers: { ...auth, ...JSON_TYPE, "content-encoding": "gzip" },
        payload: Buffer.of(31, 139, 8, 0),
      },
      415,
      "unsupported_media_type",
    ],
  ];
  it.each(requests)("%s", async (_, request, status, code) => {
    const response = await server.inject(request);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ error: { code, param: null, type: "invalid_request_error" } });
    expect(response.headers["x-request-id"]).toMatch(/^req_/);
    expect(response.headers["www-authenticate"]).toBe(status === 401 ? "Bearer" : undefined);
    expect(response.headers["allow"]).toBe(status === 405 ? "POST" : undefined);
    expect(response.body).not.toContain("zorblax");
  });

  it("takes each key, as a bearer or as x-api-key", async () => {
    for (const headers of [{ "x-api-key": "second" }, { authorization: `Bearer ${KEY}` }, { authorization: `bearer  ${KEY} ` }]) {
      expect((await moderate(server, { input: "a" }, headers)).statusCode).toBe(200);
    }
  });

  it("echoes a harmless request id, and no other", async () => {
    expect((await moderate(server, { input: "a" }, { ...auth, "x-request-id": "trace-1.a:b" })).headers["x-request-id"]).toBe(
      "trace-1.a:b",
    );
    for (const id of ["two words", "x".repeat(200), '"']) {
      expect((await moderate(server, { input: "a" }, { ...auth, "x-request-id": id })).headers["x-request-id"]).toMatch(/^req_/);
    }
  });

  it("reads a body whose keys clash with the prototype's", async () => {
    const response = await moderate(server, '{"__proto__":{"input":"x"},"constructor":{"prototype":1},"input":"zorblax"}', auth);
    expect(response.json()).toMatchObject({ results: [{ flagged: true }] });
    expect((await moderate(server, '{"__proto__":{"input":"x"}}', auth)).json()).toMatchObject({ error: { code: "missing_input" } });
  });
});

describe("no verdict", () => {
  it("is an error, never flagged: false, for the whole batch", async () => {
    const model = fixtureModel();
    model.weights.slope[0] = Infinity;
    const { server } = build({ model });
    const response = await moderate(server, { input: ["zorblax", "a house"] });
    expect(response.statusCode).toBe(500);
    expect(response.json()).toMatchObject({ error: { type: "server_error", code: "undetermined", param: "input[1]" } });
    expect(response.body).not.toContain("flagged");
    expect(response.headers["x-should-retry"]).toBe("false");
  });

  it("is an error when the worker thread cannot take the input, and the client may try again", async () => {
    const { server, moderator } = build({ longInput: 3 });
    await moderator.stop();
    const response = await moderate(server, { input: "a house" });
    expect(response.statusCode).toBe(429);
    expect(response.json()).toMatchObject({ error: { code: "overloaded", type: "rate_limit_error" } });
    expect(response.headers).toMatchObject({ "x-should-retry": "true", "retry-after": "1" });
  });
});

describe("flagging", () => {
  it("follows the package's thresholds by category, and --threshold for harmful", async () => {
    const model = fixtureModel();
    model.manifest.thresholds["hate"]!.threshold = 0.999;
    const [only] = (await moderate(build({ model }).server, { input: "quimpet" })).json().results;
    expect(only).toMatchObject({ flagged: true, categories: { hate: false, "hate/threatening": false, "harassment/threatening": true } });
    expect(only.category_scores.hate).toBeGreaterThan(0.9);
    const higher = (await moderate(build({ model, guard: { threshold: 0.999 } }).server, { input: "quimpet" })).json().results;
    expect(higher[0].flagged).toBe(false);
    expect(Object.values(higher[0].categories)).not.toContain(true);
  });

  it("names the highest category where none is over its own threshold", async () => {
    const model = fixtureModel();
    for (const label of model.manifest.labels) if (label !== "harmful") model.manifest.thresholds[label]!.threshold = 0.999;
    const [result] = (await moderate(build({ model }).server, { input: "vundle" })).json().results;
    expect(result.flagged).toBe(true);
    expect(Object.entries(result.categories).filter(([, over]) => over)).toEqual([["self-harm", true]]);
  });

  it("is left out in shadow, with the scores there", async () => {
    const { server } = build({ guard: { enforce: false } });
    const [result] = (await moderate(server, { input: "zorblax" })).json().results;
    expect(result.flagged).toBe(false);
    expect(Object.values(result.categories)).not.toContain(true);
    expect(result.category_scores.violence).toBeGreaterThan(0.9);
  });

  it("works for a model of one label, with all 13 categories at 0", async () => {
    const [result] = (await moderate(build({ model: fixtureModel(["harmful"]) }).server, { input: "zorblax" })).json().results;
    expect(result.flagged).toBe(true);
    expect(result.category_scores).toEqual(Object.fromEntries(OPENAI_CATEGORIES.map((name) => [name, 0])));
  });
});

describe("the answer", () => {
  it("is what a general serializer would make of it, whatever the model's name", async () => {
    const model = fixtureModel();
    model.manifest.name = 'naïve "модель" 🙂';
    const { server } = build({ model });
    const response = await moderate(server, { input: ["zorblax", "quimpet vundle brastok", ""] });
    expect(response.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "x-request-id": expect.stringMatching(/^req_/),
    });
    expect(Number(response.headers["content-length"])).toBe(response.rawPayload.length);
    const answer = response.json();
    expect(answer.model).toBe(model.manifest.name);
    expect(Object.keys(answer)).toEqual(["id", "model", "results"]);
    for (const result of answer.results) {
      expect(Object.keys(result)).toEqual(["flagged", "categories", "category_scores", "category_applied_input_types"]);
      for (const part of Object.values(result).slice(1)) expect(Object.keys(part as object)).toEqual([...OPENAI_CATEGORIES]);
    }
    // Numbers keep trailing zeros and the name is escaped; nothing else differs.
    const plain = response.body.replace(/0\.\d{6}/g, (n) => String(Number(n))).replace(/\\u[0-9a-f]{4}/g, (u) => JSON.parse(`"${u}"`));
    expect(plain).toBe(JSON.stringify(answer));
  });
});

describe("health and about", () => {
  it("is ready only between warm-up and stopping, and alive throughout", async () => {
    const { server, readiness } = build({ apiKeys: [KEY] });
    for (const [state, status] of [
      ["starting", 503],
      ["ready", 200],
      ["draining", 503],
    ] as const) {
      readiness.state = state;
      const ready = await server.inject("/health/ready");
      expect(ready.statusCode).toBe(status);
      if (status === 503) expect(ready.json()).toMatchObject({ error: { code: "not_ready" } });
      expect((await server.inject("/health/live")).json()).toEqual({ status: "live" });
    }
  });

  it("says what it is", async () => {
    const about = (await build().server.inject("/")).json();
    expect(about).toMatchObject({ name: "cordon", model: "fixture" });
    expect(about.endpoints).toContain("POST /v1/moderations");
  });
});

describe("the log", () => {
  it("tells lengths, scores and a keyed hash, and never the text", async () => {
    let lines = "";
    const log = new RequestLog((text) => (lines += text), "log key");
    const { server } = build({ log, apiKeys: [KEY] });
    const auth = { authorization: `Bearer ${KEY}` };
    await moderate(server, { input: ["my secret zorblax", "my secret zorblax"] }, auth);
    await moderate(server, { input: { secret: 1 } }, auth);
    await server.inject("/secret?secret");
    log.flush();
    const [ok, bad, missing] = lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(ok).toMatchObject({
      event: "request",
      id: expect.stringMatching(/^req_/),
      route: "/v1/moderations",
      status: 200,
      ms: expect.any(Number),
    });
    expect(ok.inputs[0]).toMatchObject({ length: 17, detected: true, enforced: true, hash: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(ok.inputs[0].scores.harmful).toBeGreaterThan(0.9);
    expect(ok.inputs[1]).toEqual(ok.inputs[0]);
    expect(bad).toMatchObject({ status: 400, error: "invalid_type" });
    expect(missing).toMatchObject({ status: 404, error: "unknown_url", route: "" });
    for (const word of ["secret", "zorblax", KEY]) expect(lines).not.toContain(word);
  });

  it("hashes with its key", async () => {
    const hashes: string[] = [];
    for (const key of ["one", "two", undefined, undefined]) {
      const log = new RequestLog((text) => hashes.push(JSON.parse(text).inputs[0].hash), key);
      await moderate(build({ log }).server, { input: "a house" });
      log.flush();
    }
    expect(new Set(hashes).size).toBe(4);
  });
});
