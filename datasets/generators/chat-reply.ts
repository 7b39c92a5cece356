// One reply of a chat endpoint while it comes: a whole one, or the chunks of a stream.
// Derives from OpenAI's API reference (chat completion object, chat completion chunk object).
import { z } from "zod";
import { TransferError } from "#datasets/http/retry";
import type { Completion, GenerationRequest } from "./generator.ts";
import { estimatedPromptTokens, estimatedTokens } from "./tokens.ts";

const optionalText = z.string().nullish();
/** A text, or a list of parts as Mistral's reasoning models send it: those of another type think aloud. */
const content = z.union([
  z.string(),
  z
    .array(z.looseObject({ type: z.string() }))
    .transform((parts) => parts.map(({ type, text }) => (type === "text" && typeof text === "string" ? text : "")).join("")),
]);
const part = z.object({ content: content.nullish(), refusal: optionalText });
/** Counts that are incomplete are none: the reply is there all the same. */
const usage = z
  .object({ prompt_tokens: z.number().int().min(0), completion_tokens: z.number().int().min(0) })
  .nullish()
  .catch(undefined);
/** A whole reply has `message`, a chunk of a streamed one `delta`; the last chunk may have usage alone. */
const replySchema = z.object({
  choices: z.array(z.object({ message: part.nullish(), delta: part.nullish(), finish_reason: optionalText })).nullish(),
  usage,
  error: z.unknown().optional(),
});

/** A reply under way, of one piece or many. */
export class ChatReply {
  readonly #request: GenerationRequest;
  #text = "";
  #refusal = "";
  #usage: { prompt_tokens: number; completion_tokens: number } | undefined;
  finish: string | undefined;

  /** @param request what it answers, for counts that the endpoint does not give */
  constructor(request: GenerationRequest) {
    this.#request = request;
  }

  get started(): boolean {
    return this.#text !== "" || this.#refusal !== "";
  }

  /** @throws TransferError for what is no reply, and for an error that comes in a reply's place */
  add(json: string): void {
    let parsed: unknown;
    try {
      parsed = JSON.parse(json);
    } catch {
      // The parser's message quotes what it read.
      throw new TransferError("the endpoint's answer is no JSON");
    }
    const read = replySchema.safeParse(parsed);
    if (!read.success) throw new TransferError("the endpoint's answer has another shape than a chat completion");
    const { choices, usage, error } = read.data;
    if (error !== undefined && error !== null) throw new TransferError("the endpoint failed while it answered");
    const choice = choices?.[0];
    const piece = choice?.delta ?? choice?.message;
    this.#text += piece?.content ?? "";
    this.#refusal += piece?.refusal ?? "";
    this.finish = choice?.finish_reason ?? this.finish;
    this.#usage = usage ?? this.#usage;
  }

  completion(): Completion {
    const finish =
      this.finish === "content_filter" ? "filtered" : this.#refusal !== "" ? "refused" : this.finish === "length" ? "length" : "stop";
    return {
      text: finish === "refused" ? this.#refusal : this.#text,
      finish,
      inputTokens: this.#usage?.prompt_tokens ?? estimatedPromptTokens(this.#request.messages),
      outputTokens: this.#usage?.completion_tokens ?? estimatedTokens(this.#text + this.#refusal),
      estimated: this.#usage === undefined,
    };
  }
}
