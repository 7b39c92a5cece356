import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { readYaml } from "#datasets/files/read-yaml";
import { generatorsSchema, priceOf, resolveGenerators } from "./config.ts";
import { resolveVariables } from "./variables.ts";

const endpoint = (more: object = {}) =>
  generatorsSchema.parse({ helpful: { kind: "endpoint", base_url: "http://localhost:8000/v1", model: "m", ...more } });

test("defaults", () => {
  expect(endpoint()["helpful"]).toEqual({
    kind: "endpoint",
    base_url: "http://localhost:8000/v1",
    model: "m",
    temperature: 1,
    max_tokens: 800,
    concurrency: 4,
    timeout_seconds: 120,
    attempts: 6,
    stream: true,
    json_mode: true,
  });
  const local = generatorsSchema.parse({ small: { kind: "local", model: "owner/name" } });
  expect(local["small"]).toEqual({ kind: "local", model: "owner/name", dtype: "q8", max_tokens: 800, temperature: 1 });
  expect([priceOf(local["small"]!), priceOf(endpoint()["helpful"]!)]).toEqual([{ input: 0, output: 0 }, undefined]);
});

test("variables are replaced from the environment, at any depth, with their defaults", () => {
  const value = { a: ["${HOST:-localhost}:${PORT}", 1, null], b: { c: "${EMPTY:-}x${EMPTY:-full}" } };
  expect(resolveVariables(value, "r.yaml", { PORT: "80", EMPTY: "" })).toEqual({ a: ["localhost:80", 1, null], b: { c: "xfull" } });
  expect(resolveGenerators(endpoint({ model: "${MODEL}" }), "r.yaml", { MODEL: "seven" })["helpful"]).toMatchObject({ model: "seven" });
});

test.each([
  [
    { model: "${MODEL}" },
    /^generators.helpful.model: the environment variable MODEL is not set \(r.yaml\): set it, or write \$\{MODEL:-default\}$/,
  ],
  [{ model: "${not closed" }, /helpful.model: this is no variable/],
  [{ base_url: "localhost:8000" }, /^generators.helpful.base_url is not a web address/],
  [{ base_url: "${SHELL_INJECTION:-ftp://x}" }, /not a web address/],
  [{ base_url: "http://me:pass-word@host/v1" }, /^(?!.*pass-word).*no password/],
  [{ base_url: "http://host/v1?key=pass-word" }, /^(?!.*pass-word).*no parameters/],
])("%o is refused", (more, message) => {
  expect(() => resolveGenerators(endpoint(more), "r.yaml", {})).toThrow(message);
});

test("a key in a recipe is refused at its line, and is not repeated", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-config-"));
  const path = join(folder, "r.yaml");
  await writeFile(
    path,
    "generators:\n  helpful:\n    kind: endpoint\n    base_url: http://h/v1\n    model: m\n    key_env: sk-very-secret\n",
  );
  const error = await readYaml(path, z.object({ generators: generatorsSchema })).catch((e: unknown) => e as Error);
  expect((error as Error).message).toMatch(
    /generators.helpful.key_env: takes the name of an environment variable, never the key itself .*r.yaml:6/,
  );
  expect((error as Error).message).not.toContain("sk-very");
  await rm(folder, { recursive: true });
});
