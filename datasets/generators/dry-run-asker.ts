// Asks nothing and spends nothing: every prompt is answered by its own sample, and what the real run would ask is counted. Tokens
// are estimates, at four characters a token of English; a reply is taken to be as long as its sample.
import type { Answer, Asker, Prompt } from "./asker.ts";
import { type Generators, priceOf } from "./config.ts";
import { unknownGenerator } from "./live-asker.ts";
import { questionOf } from "./question.ts";
import type { ReplyCache } from "./reply-cache.ts";
import { estimatedPromptTokens, estimatedTokens } from "./tokens.ts";
import { book, emptyUsage, type GeneratorUsage } from "./usage.ts";

export class DryRunAsker implements Asker {
  readonly #generators: Generators;
  readonly #cache: ReplyCache | undefined;
  readonly #usage: Record<string, GeneratorUsage>;
  readonly #seen = new Set<string>();

  /** @param cache tells which answers are there already and cost nothing */
  constructor(generators: Generators, cache?: ReplyCache) {
    this.#generators = generators;
    this.#cache = cache;
    this.#usage = Object.fromEntries(Object.entries(generators).map(([name, config]) => [name, emptyUsage(config, priceOf(config))]));
  }

  /** Calls, cached answers, tokens and price by generator, as a run without a failure would have them. */
  usage(): Record<string, GeneratorUsage> {
    return structuredClone(this.#usage);
  }

  async ask<T>(generator: string, prompt: Prompt<T>, sample = 0): Promise<Answer<T>> {
    const config = this.#generators[generator];
    const usage = this.#usage[generator];
    if (config === undefined || usage === undefined) throw unknownGenerator(generator, Object.keys(this.#generators));
    const { key, promptSha256 } = questionOf(config, prompt, sample);
    const again = this.#seen.has(key);
    this.#seen.add(key);
    if (again || (await this.#cache?.has(key))) usage.cached++;
    else {
      usage.calls++;
      usage.estimated = true;
      const outputTokens = Math.min(config.max_tokens, estimatedTokens(JSON.stringify(prompt.sample)));
      book(usage, { inputTokens: estimatedPromptTokens(prompt.messages), outputTokens }, priceOf(config));
    }
    return { state: "answered", value: prompt.sample, origin: { model: config.model, promptSha256 } };
  }
}
