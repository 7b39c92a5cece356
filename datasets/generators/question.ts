// One question to one generator: what is sent, and the key under which its answer is kept.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256Text } from "#datasets/files/hash";
import type { Prompt } from "./asker.ts";
import type { GeneratorConfig } from "./config.ts";
import type { GenerationRequest } from "./generator.ts";

export interface Question {
  request: GenerationRequest;
  /** SHA-256 of everything that the answer depends on, 64 hexadecimal digits. */
  key: string;
  promptSha256: string;
}

/** Raise it where the same question must be asked anew. */
const KEY_VERSION = 1;

export function questionOf(config: GeneratorConfig, prompt: Prompt<unknown>, sample: number): Question {
  const json = config.kind === "local" || config.json_mode;
  const request = { messages: prompt.messages, maxTokens: config.max_tokens, temperature: config.temperature, sample, json };
  const { messages, maxTokens, temperature } = request;
  const where = whereOf(config);
  const plain = messages.map(({ role, content }) => [role, content]);
  const key = sha256([KEY_VERSION, config.kind, where, config.model, plain, temperature, maxTokens, json, sample]);
  return { request, key, promptSha256: sha256(plain) };
}

/** What else decides an answer: an endpoint's address; a local model's precision and, in a folder, its files. */
function whereOf(config: GeneratorConfig): unknown {
  if (config.kind === "endpoint") return config.base_url;
  let weights = WEIGHTS.get(config);
  if (weights === undefined) WEIGHTS.set(config, (weights = weightsOf(config.model)));
  return weights === null ? config.dtype : [config.dtype, weights];
}

type Weights = readonly [name: string, bytes: number, modifiedMs: number][] | null;
const WEIGHTS = new WeakMap<GeneratorConfig, Weights>();

/** Tells the files of a folder from those that another training run puts in their place; null for a name on a hub. */
function weightsOf(model: string): Weights {
  if (statSync(model, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const names = readdirSync(model, { recursive: true, encoding: "utf8" }).sort();
  return names.flatMap((name) => {
    const facts = statSync(join(model, name));
    return facts.isFile() ? [[name, facts.size, facts.mtimeMs] as const] : [];
  });
}

const sha256 = (value: unknown) => sha256Text(JSON.stringify(value));
