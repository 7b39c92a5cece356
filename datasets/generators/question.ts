// One question to one generator: what is sent, and the key under which its answer is kept.
import { createHash } from "node:crypto";
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
  // The weights' precision stands where an endpoint has its address: it is what else decides the answer.
  const where = config.kind === "endpoint" ? config.base_url : config.dtype;
  const plain = messages.map(({ role, content }) => [role, content]);
  const key = sha256([KEY_VERSION, config.kind, where, config.model, plain, temperature, maxTokens, json, sample]);
  return { request, key, promptSha256: sha256(plain) };
}

const sha256 = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex");
