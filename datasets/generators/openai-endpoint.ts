// A language model behind an OpenAI-compatible endpoint: vLLM, llama.cpp, Ollama, LiteLLM, OpenAI and others.
// Derives from OpenAI's API reference (POST /chat/completions, its streamed chunks and its error object).
import { collect } from "#datasets/files/collect";
import { TransferError, transferError } from "#datasets/http/retry";
import { CordonError } from "#models/errors";
import { ChatReply } from "./chat-reply.ts";
import type { EndpointConfig } from "./config.ts";
import { type EndpointError, endpointError, isTooLong, isWithheld, parseEndpointError } from "./endpoint-error.ts";
import { type Completion, type GenerationRequest, InterruptedReply, type TextGenerator } from "./generator.ts";
import { eventData } from "./server-events.ts";
import { estimatedPromptTokens } from "./tokens.ts";

const ENDPOINT = "the endpoint";

/** Optional parts of a request that some servers do not know: what becomes of the body without them. */
const ADAPTATIONS: Record<string, (body: Record<string, unknown>) => void> = {
  response_format: (body) => delete body["response_format"],
  stream_options: (body) => delete body["stream_options"],
  seed: (body) => delete body["seed"],
  // OpenAI's reasoning models know it under another name.
  max_tokens: (body) => {
    body["max_completion_tokens"] = body["max_tokens"];
    delete body["max_tokens"];
  },
};

export class OpenAiEndpoint implements TextGenerator {
  readonly name: string;
  readonly model: string;
  readonly #config: EndpointConfig;
  readonly #address: URL;
  readonly #key: string | undefined;
  /** Adaptations in use. */
  readonly #without = new Set<string>();
  /** The endpoint has taken a request with `response_format`. */
  #knowsJson = false;

  /** @throws CordonError usage/bad-option where the key's variable is not set or holds no key */
  constructor(name: string, config: EndpointConfig, env: NodeJS.ProcessEnv = process.env) {
    this.name = name;
    this.model = config.model;
    this.#config = config;
    this.#address = new URL(config.base_url);
    this.#address.pathname = `${this.#address.pathname.replace(/\/+$/, "")}/chat/completions`;
    this.#key = keyOf(name, config, env);
  }

  async complete(request: GenerationRequest, signal: AbortSignal): Promise<Completion> {
    const idle = new AbortController();
    const ms = this.#config.timeout_seconds * 1000;
    const clock = setTimeout(() => idle.abort(new TransferError(`nothing came for ${this.#config.timeout_seconds} s`)), ms);
    try {
      const response = await this.#post(request, AbortSignal.any([signal, idle.signal]), () => void clock.refresh());
      if (!(response instanceof Response)) return response;
      return await this.#read(response, request, () => void clock.refresh());
    } catch (error) {
      // A stop from outside is no failure of the endpoint's.
      signal.throwIfAborted();
      if (idle.signal.aborted && !(error instanceof InterruptedReply)) throw this.#unanswered(request, idle.signal.reason as TransferError);
      throw transferError(error, ENDPOINT);
    } finally {
      clearTimeout(clock);
      // Ends an exchange whose body was not read to its end.
      idle.abort();
    }
  }

  /** The response to a request, adapted to what the endpoint knows; a completion where the provider withholds one. */
  async #post(request: GenerationRequest, signal: AbortSignal, alive: () => void): Promise<Response | Completion> {
    for (;;) {
      const without = new Set(this.#without);
      const body = this.#body(request, without);
      const response = await fetch(this.#address, {
        method: "POST",
        headers: { "content-type": "application/json", ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }) },
        body: JSON.stringify(body),
        // A redirect could carry the prompt to another host.
        redirect: "manual",
        signal,
      });
      alive();
      if (response.ok) {
        if ("response_format" in body) this.#knowsJson = true;
        return response;
      }
      const error = parseEndpointError(await response.text());
      if (response.status === 400 || response.status === 422) {
        if (isWithheld(error)) return withheld(request);
        if (!isTooLong(error) && this.#adapt(body, without, error)) continue;
      }
      throw endpointError(this.name, this.#config, response.status, response.headers, error);
    }
  }

  /** The prompt was sent, and a reply that is not streamed may have been written to its end: what it can have cost at the most. */
  #unanswered({ messages, maxTokens }: GenerationRequest, why: TransferError): InterruptedReply {
    const spent = { inputTokens: estimatedPromptTokens(messages), outputTokens: this.#config.stream ? 0 : maxTokens };
    return new InterruptedReply(why.message, spent, why);
  }

  #body({ messages, maxTokens, temperature, sample, json }: GenerationRequest, without: ReadonlySet<string>): Record<string, unknown> {
    const body: Record<string, unknown> = {
      model: this.model,
      messages: messages.map(({ role, content }) => ({ role, content })),
      max_tokens: maxTokens,
      temperature,
      seed: sample,
      ...(json ? { response_format: { type: "json_object" } } : {}),
      ...(this.#config.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    };
    for (const field of without) if (field in body) ADAPTATIONS[field]!(body);
    return body;
  }

  /** Leaves out what the endpoint says it does not know, or `response_format` where it has never taken it. */
  #adapt(body: Record<string, unknown>, without: ReadonlySet<string>, { param, message }: EndpointError): boolean {
    const open = Object.keys(ADAPTATIONS).filter((field) => field in body);
    const named = open.find((field) => param.split(/[.[]/)[0] === field) ?? open.find((field) => message.includes(field));
    const field = named ?? (!this.#knowsJson ? open.find((f) => f === "response_format") : undefined);
    if (field === undefined || without.has(field)) return false;
    this.#without.add(field);
    return true;
  }

  async #read(response: Response, request: GenerationRequest, alive: () => void): Promise<Completion> {
    const reply = new ChatReply(request);
    try {
      const body = watched(response.body ?? [], alive);
      if (response.headers.get("content-type")?.startsWith("text/event-stream")) await takeEvents(reply, body);
      else {
        const whole = Buffer.concat(await collect(body));
        // Behind a proxy, events may go by another type or by none.
        if (/^(data|event)?:/.test(whole.toString("latin1", 0, 6))) await takeEvents(reply, [whole]);
        else reply.add(whole.toString("utf8"));
        if (reply.finish === undefined && !reply.started) throw new TransferError("the endpoint's answer holds no reply");
      }
    } catch (error) {
      const failure = transferError(error, ENDPOINT, reply.started);
      if (!(failure instanceof TransferError)) throw failure;
      const { inputTokens, outputTokens } = reply.completion();
      // What a provider charges for a reply that broke off, it does not say.
      throw new InterruptedReply(failure.message, { inputTokens, outputTokens }, failure);
    }
    return reply.completion();
  }
}

function withheld({ messages }: GenerationRequest): Completion {
  return { text: "", finish: "filtered", inputTokens: estimatedPromptTokens(messages), outputTokens: 0, estimated: true };
}

async function takeEvents(reply: ChatReply, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  let done = false;
  for await (const data of eventData(body)) {
    done = data.trim() === "[DONE]";
    if (done) break;
    reply.add(data);
  }
  // Some servers give no reason in the last chunk, and a mark at the end.
  if (reply.finish === undefined && !(done && reply.started)) throw new TransferError("the stream ended before the reply did");
}

async function* watched(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, alive: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    alive();
    yield chunk;
  }
}

function keyOf(name: string, { key_env: variable }: EndpointConfig, env: NodeJS.ProcessEnv): string | undefined {
  if (variable === undefined) return undefined;
  const key = (env[variable] ?? "").trim();
  if (key === "") {
    throw new CordonError("usage/bad-option", `generator ${name}: the environment variable ${variable} is not set`, {
      hint: "set it to the endpoint's key, or leave key_env out where none is needed",
    });
  }
  // fetch would quote it in its error.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new CordonError("usage/bad-option", `generator ${name}: the value of ${variable} is no key`, {
      hint: "a key has no spaces, line breaks or letters beyond ASCII",
    });
  }
  return key;
}
