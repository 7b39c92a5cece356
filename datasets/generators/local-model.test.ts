// With the real library and a model of a few kilobytes (scripts/make-tiny-lm.ts).
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generatorSchema, type LocalConfig } from "./config.ts";
import { type GenerationRequest, UnusableRequest } from "./generator.ts";
import { LocalModel } from "./local-model.ts";

const FOLDER = fileURLToPath(new URL("fixtures/tiny-lm/", import.meta.url));
const config = (model = FOLDER) => generatorSchema.parse({ kind: "local", model, dtype: "fp32" }) as LocalConfig;
const { signal } = new AbortController();
const request = (overrides: Partial<GenerationRequest> = {}): GenerationRequest => ({
  messages: [{ role: "user", content: "Write about a village." }],
  maxTokens: 100,
  temperature: 1,
  sample: 0,
  json: true,
  ...overrides,
});

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "cordon-local-"));
});
afterAll(() => rm(cache, { recursive: true }));

test("a reply with its token counts, the same for the same sample and another for another", async () => {
  const model = new LocalModel("tiny", config(), { CORDON_CACHE: cache });
  const first = await model.complete(request(), signal);
  expect(JSON.parse(first.text)).toEqual({ text: expect.stringMatching(/^ [A-Z]/) });
  expect(first).toMatchObject({ finish: "stop", estimated: false, inputTokens: 6 });
  expect(first.outputTokens).toBeGreaterThanOrEqual(7);
  expect(await model.complete(request(), signal)).toEqual(first);
  const others = await Promise.all([1, 2, 3, 4].map((sample) => model.complete(request({ sample }), signal)));
  expect(new Set(others.map((o) => o.text)).size).toBeGreaterThan(2);
  // Two models draw from one source of random numbers, and do not disturb each other.
  const twin = new LocalModel("twin", config(), { CORDON_CACHE: cache });
  const [again, besides] = await Promise.all([model.complete(request(), signal), twin.complete(request({ sample: 1 }), signal)]);
  expect(again).toEqual(first);
  expect(besides.text).toBe(others[0]!.text);
});

test("without temperature the likeliest; cut at maxTokens; too long a prompt; a stop from outside", async () => {
  const model = new LocalModel("tiny", config(), { CORDON_CACHE: cache });
  const likeliest = await model.complete(request({ temperature: 0, sample: 7 }), signal);
  expect((await model.complete(request({ temperature: 0, sample: 8 }), signal)).text).toBe(likeliest.text);
  expect(await model.complete(request({ maxTokens: 3 }), signal)).toMatchObject({ finish: "length", outputTokens: 3 });
  const long = request({ messages: [{ role: "user", content: "word ".repeat(300) }] });
  await expect(model.complete(long, signal)).rejects.toThrow(UnusableRequest);
  await expect(model.complete(request(), AbortSignal.abort())).rejects.toThrow("aborted");
});

test("from a hub into the cache, and from there without the hub", async () => {
  const asked: string[] = [];
  const hub = createServer((incoming, response) => {
    asked.push(incoming.url!);
    const path = /^\/owner\/tiny\/resolve\/main\/([\w./]+)$/.exec(incoming.url!)?.[1];
    readFile(join(FOLDER, path ?? "none")).then(
      (bytes) => response.writeHead(200, { "content-length": bytes.length }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => hub.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  const online = new LocalModel("tiny", config("owner/tiny"), { CORDON_CACHE: cache, HF_ENDPOINT: address });
  const { text } = await online.complete(request(), signal);
  expect(asked).toContain("/owner/tiny/resolve/main/onnx/model.onnx");
  expect(await readdir(join(cache, "models", "owner", "tiny"))).toContain("config.json");
  hub.close();
  hub.closeAllConnections();

  const offline = new LocalModel("tiny", config("owner/tiny"), { CORDON_CACHE: cache, HF_HUB_OFFLINE: "1" });
  expect((await offline.complete(request(), signal)).text).toBe(text);
  const missing = new LocalModel("tiny", config("owner/none"), { CORDON_CACHE: cache, HF_HUB_OFFLINE: "1" });
  await expect(missing.complete(request(), signal)).rejects.toMatchObject({
    code: "generate/local-model",
    message: expect.stringContaining("HF_HUB_OFFLINE"),
  });
});

test.each([
  ["is not installed", "next(name, { ...context, parentURL: 'file:///none/x.mjs' })", "npm install @huggingface/transformers"],
  ["cannot be loaded", "next('file:///none/x.mjs', context)", "install it again"],
])("where the library %s: what to do", (what, resolution, hint) => {
  const hide = `import { registerHooks } from "node:module";
    registerHooks({ resolve: (name, context, next) => (name.startsWith("@huggingface/") ? ${resolution} : next(name, context)) });`;
  const ask = `import { LocalModel } from "#datasets/generators/local-model";
    const model = new LocalModel("tiny", { model: "x", dtype: "q8" }, {});
    await model.complete({}, new AbortController().signal).catch((error) => console.log(error.code, error.message));`;
  const hooks = `data:text/javascript,${encodeURIComponent(hide)}`;
  const run = spawnSync(process.execPath, ["--import", hooks, "--input-type=module", "-e", ask], { encoding: "utf8" });
  expect(run.stdout).toContain(`generate/local-model generator tiny: @huggingface/transformers ${what} (x): ${hint}`);
});
