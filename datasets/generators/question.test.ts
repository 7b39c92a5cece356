import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { generatorSchema } from "./config.ts";
import { questionOf } from "./question.ts";

const prompt = { name: "p", version: 1, messages: [{ role: "user" as const, content: "a question" }], reply: z.unknown(), sample: {} };
const keyOf = (config: object, over: object = {}, sample = 0) =>
  questionOf(generatorSchema.parse(config), { ...prompt, ...over }, sample).key;

const ENDPOINT = { kind: "endpoint", base_url: "http://localhost/v1", model: "m" };

test("the key holds what decides an answer, and nothing else", () => {
  const key = keyOf(ENDPOINT);
  const others = [
    keyOf({ ...ENDPOINT, base_url: "http://localhost:8000/v1" }),
    keyOf({ ...ENDPOINT, model: "n" }),
    keyOf({ ...ENDPOINT, temperature: 0 }),
    keyOf({ ...ENDPOINT, max_tokens: 10 }),
    keyOf({ ...ENDPOINT, json_mode: false }),
    keyOf(ENDPOINT, { messages: [{ role: "system", content: "a question" }] }),
    keyOf(ENDPOINT, {}, 1),
    keyOf({ kind: "local", model: "m" }),
    keyOf({ kind: "local", model: "m", dtype: "fp32" }),
  ];
  expect(new Set([key, ...others]).size).toBe(1 + others.length);
  // Neither how it is sent, nor what it costs, nor what its prompt is called.
  expect(
    keyOf({ ...ENDPOINT, concurrency: 9, attempts: 1, stream: false, price: { input: 1, output: 1 }, key_env: "K" }, { name: "q" }),
  ).toBe(key);
});

test("a local model in a folder is another one when its files are", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-question-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const local = { kind: "local", model: folder };
  const empty = keyOf(local);
  await writeFile(join(folder, "model.onnx"), "weights");
  await utimes(join(folder, "model.onnx"), 1000, 1000);
  const first = keyOf(local);
  expect(keyOf(local)).toBe(first);
  await writeFile(join(folder, "model.onnx"), "WEIGHTS");
  expect(new Set([empty, first, keyOf(local)]).size).toBe(3);
});
