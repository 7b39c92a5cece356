// What every generator of text is, behind which an endpoint or a local model stands.
import { TransferError } from "#datasets/http/retry";

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface GenerationRequest {
  messages: readonly ChatMessage[];
  /** Most tokens of the reply. */
  maxTokens: number;
  /** 0 for the likeliest reply. */
  temperature: number;
  /** Tells several replies to one prompt apart: part of the cache's key, and the seed where the generator takes one. */
  sample: number;
  /** Asks for a JSON object, where the generator knows how. */
  json: boolean;
}

export interface Tokens {
  inputTokens: number;
  outputTokens: number;
}

export interface Completion extends Tokens {
  text: string;
  /** `length`: cut at maxTokens. `refused`: the model says so in a field of its own. `filtered`: the provider withheld it. */
  finish: "stop" | "length" | "refused" | "filtered";
  /** The tokens are counted from the text, because the generator did not say. */
  estimated: boolean;
}

export interface TextGenerator {
  /** Its name in the recipe. */
  readonly name: string;
  /** The model, as the generator names it. */
  readonly model: string;
  /**
   * One attempt at one reply.
   * @throws TransferError for what another attempt may not meet (InterruptedReply where some of the reply had come),
   * UnusableRequest for a request that can never be answered, CordonError for what ends the run
   */
  complete(request: GenerationRequest, signal: AbortSignal): Promise<Completion>;
}

/** A reply that broke off. What had come is charged for all the same. */
export class InterruptedReply extends TransferError {
  override readonly name = "InterruptedReply";
  readonly spent: Tokens;

  constructor(message: string, spent: Tokens, cause?: unknown) {
    super(message, { cause });
    this.spent = spent;
  }
}

/** This one request cannot be answered, others can: it is too long for the model. Its row fails. */
export class UnusableRequest extends Error {
  override readonly name = "UnusableRequest";
}
