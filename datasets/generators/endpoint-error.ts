// What an endpoint's error means for the run. Its message is read and never passed on: it may quote the key or the prompt.
import { z } from "zod";
import { mayPass, retryAfter, TransferError } from "#datasets/http/retry";
import { CordonError } from "#models/errors";
import type { EndpointConfig } from "./config.ts";
import { UnusableRequest } from "./generator.ts";

const text = z.string().catch("");

/** OpenAI's error object, as it stands or inside `error`, with whatever a server leaves out. */
const errorSchema = z
  .object({ message: text, type: text, code: z.union([z.string(), z.number()]).transform(String).catch(""), param: text })
  .catch({ message: "", type: "", code: "", param: "" });

export type EndpointError = z.infer<typeof errorSchema>;

/** FastAPI's list of what is wrong with a body: `{detail: [{loc: ["body", "seed"], msg}]}`. */
const detailSchema = z
  .array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: text }))
  .min(1)
  .transform(([first]) => ({ message: first!.msg, param: String(first!.loc.find((key) => key !== "body") ?? "") }));

export function parseEndpointError(body: string): EndpointError {
  try {
    const parsed = JSON.parse(body) as { error?: unknown; detail?: unknown } | null;
    const detail = detailSchema.safeParse(parsed?.detail);
    const error = detail.success ? detail.data : (parsed?.error ?? parsed?.detail ?? parsed);
    return errorSchema.parse(typeof error === "string" ? { message: error } : error);
  } catch {
    return errorSchema.parse({ message: body.slice(0, 2000) });
  }
}

/** The provider withholds a reply for what the prompt holds, as Azure and OpenAI do. */
export function isWithheld({ code, type }: EndpointError): boolean {
  return /content_filter|content_policy|responsible_?ai|invalid_prompt|safety/i.test(`${code} ${type}`);
}

/** The prompt does not fit, in the words of OpenAI, vLLM, llama.cpp and LiteLLM. */
export function isTooLong({ code, type, message }: EndpointError): boolean {
  return (
    /context_length_exceeded|exceed_context_size|ContextWindowExceeded/i.test(`${code} ${type}`) ||
    /(maximum|available) context (length|size)|context window|prompt is too long|max_model_len/i.test(message)
  );
}

/**
 * The error to throw for a status that is no success.
 * @returns TransferError where it may pass, UnusableRequest where the request is too long, else CordonError
 */
export function endpointError(name: string, config: EndpointConfig, status: number, headers: Headers, error: EndpointError): Error {
  if (isTooLong(error) || status === 413) return new UnusableRequest("the prompt is longer than the model's context");
  const code = /^[a-z_]{3,40}$/.test(error.code) ? `${status}, ${error.code}` : String(status);
  if (status === 402 || error.code === "insufficient_quota") {
    return rejected(`generator ${name}: the endpoint asks for payment [${code}]`, "add credit to the account of the key");
  }
  if (mayPass(status)) return new TransferError(`the endpoint answered ${status}`, { retryAfterMs: retryAfter(headers) });
  const key = config.key_env === undefined ? "name the variable of a key in key_env" : `check the key in ${config.key_env}`;
  if (status >= 300 && status < 400) {
    return rejected(
      `generator ${name}: the address sends elsewhere [${code}], and no prompt follows it`,
      "give base_url as it is after that",
    );
  }
  switch (status) {
    case 401:
      return rejected(`generator ${name}: the endpoint does not accept the key [${code}]`, key);
    case 403:
      return rejected(`generator ${name}: the endpoint refuses access [${code}]`, `${key}; it must be allowed to use the model`);
    case 404:
    case 405:
      return rejected(
        `generator ${name}: the endpoint has no such model or address [${code}]`,
        "check model, and that base_url ends where /chat/completions follows, mostly in /v1",
      );
    default: {
      const param = /^[a-z_]{3,30}$/.test(error.param) ? ` because of ${error.param}` : "";
      return rejected(
        `generator ${name}: the endpoint rejects the request${param} [${code}]`,
        "check model, max_tokens and temperature, and what the endpoint takes",
      );
    }
  }
}

function rejected(what: string, hint: string): CordonError {
  return new CordonError("generate/endpoint-rejected", what, { hint });
}
