// How strategies and the judge ask a language model: a prompt with the shape of its reply, and an answer that is one of
// three things, so that a failure is never taken for text.
import type { z } from "zod";
import type { ChatMessage } from "./generator.ts";

export interface Prompt<T> {
  /** Name and version go into the lineage of what is made of the answer. */
  name: string;
  version: number;
  messages: readonly ChatMessage[];
  /** The reply, a JSON object; a reply of another shape is a failure. */
  reply: z.ZodType<T>;
  /** A reply as long as a usual one: what a dry run takes for the answer. */
  sample: T;
}

/** Who answered, for the lineage. */
export interface Origin {
  model: string;
  promptSha256: string;
}

export type Answer<T> =
  | { state: "answered"; value: T; origin: Origin }
  /** The model declined, or its provider withheld the reply. */
  | { state: "refused"; reason: string; origin: Origin }
  /** No usable reply after every retry. The reason holds no text of the model's. */
  | { state: "failed"; reason: string; origin: Origin };

export interface Asker {
  /**
   * Asks the generator of that name in the recipe. Answers come from the cache where the same was asked before.
   * @param sample tells several answers to one prompt apart, from 0
   * @throws CordonError generate/over-budget; usage/bad-option for a name that the recipe does not have
   */
  ask<T>(generator: string, prompt: Prompt<T>, sample?: number): Promise<Answer<T>>;
}
