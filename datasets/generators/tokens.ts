// Tokens counted without a tokeniser: what a text is likely to have, and what it has at the most.
import type { ChatMessage } from "./generator.ts";

/** Of English, in the vocabularies in use; code and other languages have fewer. */
const CHARACTERS_PER_TOKEN = 4;
/** Fewer than a token is long in any plain text of a vocabulary in use, in bytes of UTF-8. */
const LEAST_BYTES_PER_TOKEN = 2;
/** Marks of the chat template around a message. */
const TOKENS_PER_MESSAGE = 4;

/** The likely number of tokens of an English text. */
export function estimatedTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

export function estimatedPromptTokens(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, m) => sum + TOKENS_PER_MESSAGE + estimatedTokens(m.content), 0);
}

/** What a budget sets aside for a prompt: a token for every two bytes. */
export function mostPromptTokens(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, m) => sum + 2 * TOKENS_PER_MESSAGE + Math.ceil(Buffer.byteLength(m.content) / LEAST_BYTES_PER_TOKEN), 0);
}

/** Dollars per million tokens. */
export interface Price {
  input: number;
  output: number;
}

/** Dollars. */
export function costOf(tokens: { inputTokens: number; outputTokens: number }, price: Price): number {
  return (tokens.inputTokens * price.input + tokens.outputTokens * price.output) / 1e6;
}
