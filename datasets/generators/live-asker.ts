// Asks language models for strategies and the judge: from the cache where the same was asked before; else within the budget and
// the generator's concurrency, with retries; then reads the reply, which must have the shape that the prompt asks for. What
// comes back is an answer, a refusal or a failure, and never one in the place of another.
import { withRetries } from "#datasets/http/retry";
import { CordonError } from "#models/errors";
import type { Answer, Asker, Origin, Prompt } from "./asker.ts";
import { Budget } from "./budget.ts";
import { type GeneratorConfig, priceOf } from "./config.ts";
import { type Completion, type GenerationRequest, InterruptedReply, type TextGenerator, UnusableRequest } from "./generator.ts";
import { Limiter } from "./limiter.ts";
import { type Question, questionOf } from "./question.ts";
import { fit, type Fitted } from "./fit-reply.ts";
import type { ReplyCache } from "./reply-cache.ts";
import { mostPromptTokens, type Price } from "./tokens.ts";
import { book, emptyUsage, type GeneratorUsage } from "./usage.ts";

export interface Member {
  config: GeneratorConfig;
  generator: TextGenerator;
}

export interface LiveAskerOptions {
  /** By name. */
  generators: ReadonlyMap<string, Member>;
  cache: ReplyCache;
  budget?: Budget;
  /** Told of each retry, without any text of prompt or reply. */
  notify?: (line: string) => void;
  /** First pause between attempts, ms. */
  backoffMs?: number;
  signal?: AbortSignal;
}

interface Station extends Member {
  price: Price | undefined;
  limiter: Limiter;
  usage: GeneratorUsage;
  /** Questions in a row that failed for want of the generator, not of the reply. */
  unreachable: number;
  /** What ended the work of this generator. */
  fatal: CordonError | undefined;
}

/** What came of a question, before it is read in the shape that its asker wants. */
type Outcome = { state: "reply"; completion: Completion; cached: boolean } | { state: "failed"; reason: string };

/** One more try for a reply of another shape, under a seed that no sample has. */
const REPAIRS = 1;
const REPAIR_SAMPLE = 1_000_003;
/** So many questions in a row without any reply, and the generator is taken to be down. */
const UNREACHABLE_IN_A_ROW = 5;
const NO_PRICE: Price = { input: 0, output: 0 };

export class LiveAsker implements Asker {
  readonly #stations = new Map<string, Station>();
  readonly #cache: ReplyCache;
  readonly #budget: Budget;
  readonly #notify: (line: string) => void;
  readonly #backoffMs: number;
  readonly #signal: AbortSignal;
  /** Aborted by `close`: nothing more is sent, and nobody waits to send it. */
  readonly #closing = new AbortController();
  /** Of either: ends the pause before another attempt. */
  readonly #stopping: AbortSignal;
  /** Questions under way, by key: the same question asked twice is sent once. */
  readonly #open = new Map<string, Promise<Outcome>>();

  /** @throws CordonError usage/bad-option for a generator without a price under a budget of dollars */
  constructor(options: LiveAskerOptions) {
    this.#cache = options.cache;
    this.#budget = options.budget ?? new Budget();
    this.#notify = options.notify ?? (() => {});
    this.#backoffMs = options.backoffMs ?? 500;
    this.#signal = options.signal ?? new AbortController().signal;
    this.#stopping = AbortSignal.any([this.#signal, this.#closing.signal]);
    for (const [name, member] of options.generators) {
      const price = priceOf(member.config);
      if (price === undefined && this.#budget.maxCost !== undefined) {
        throw new CordonError("usage/bad-option", `--max-cost: generator ${name} has no price`, {
          hint: "give its price, {input, output} in dollars per million tokens, or use --max-tokens",
        });
      }
      const limiter = new Limiter(member.config.kind === "local" ? 1 : member.config.concurrency);
      this.#stations.set(name, { ...member, price, limiter, usage: emptyUsage(member.config, price), unreachable: 0, fatal: undefined });
    }
  }

  /** By generator, in the recipe's order. */
  usage(): Record<string, GeneratorUsage> {
    return Object.fromEntries([...this.#stations].map(([name, { usage }]) => [name, { ...usage }]));
  }

  /**
   * Ends the work: what was sent is waited for and kept, since it is paid; what was not is given up, and its askers' promises
   * are rejected. To be called before the cache is closed, above all where a run stops early.
   */
  async close(): Promise<void> {
    this.#closing.abort(new Error("LiveAsker: closed"));
    while (this.#open.size > 0) await Promise.allSettled(this.#open.values());
  }

  async ask<T>(generator: string, prompt: Prompt<T>, sample = 0): Promise<Answer<T>> {
    const station = this.#stations.get(generator);
    if (station === undefined) throw unknownGenerator(generator, [...this.#stations.keys()]);
    const question = questionOf(station.config, prompt, sample);
    const origin: Origin = { model: station.config.model, promptSha256: question.promptSha256 };

    let open = this.#open.get(question.key);
    const shared = open !== undefined;
    open ??= this.#outcome(station, question, prompt).finally(() => this.#open.delete(question.key));
    this.#open.set(question.key, open);
    const outcome = await open;
    if (outcome.state === "reply" && (shared || outcome.cached)) station.usage.cached++;
    return answered(station, outcome.state === "failed" ? outcome : fit(outcome.completion, prompt.reply), origin);
  }

  async #outcome(station: Station, question: Question, prompt: Prompt<unknown>): Promise<Outcome> {
    const stored = await this.#cache.get(question.key);
    // A reply that was stored for another schema, and does not fit this one, is asked for anew.
    if (stored !== undefined && fit(stored, prompt.reply).state !== "misfit") return { state: "reply", completion: stored, cached: true };
    return await station.limiter.run(() => this.#send(station, question, prompt));
  }

  /** A reply of the right shape or a refusal, kept in the cache; else why there is none. */
  async #send(station: Station, question: Question, prompt: Prompt<unknown>): Promise<Outcome> {
    // The likeliest reply would come again.
    const repairs = question.request.temperature === 0 ? 0 : REPAIRS;
    for (let repair = 0; ; repair++) {
      if (repair > 0) station.usage.retries++;
      const request = { ...question.request, sample: question.request.sample + repair * REPAIR_SAMPLE };
      const outcome = await this.#complete(station, request);
      if (outcome.state === "failed") return outcome;
      const fitted = fit(outcome.completion, prompt.reply);
      if (fitted.state !== "misfit") {
        await this.#cache.put(question.key, outcome.completion);
        return outcome;
      }
      if (repair === repairs) return { state: "failed", reason: fitted.reason };
    }
  }

  /** One completion, after as many attempts as the generator is allowed. */
  async #complete(station: Station, request: GenerationRequest): Promise<Outcome> {
    const { config, generator, usage } = station;
    if (station.fatal !== undefined) throw station.fatal;
    const policy = {
      attempts: config.kind === "endpoint" ? config.attempts : 1,
      backoffMs: this.#backoffMs,
      signal: this.#stopping,
      notify: (error: Error, pause: number) => {
        usage.retries++;
        this.#notify(`generator ${generator.name}: ${error.message}; again in ${(pause / 1000).toFixed(1)} s`);
      },
      giveUp: (_error: Error, why: string) => new Unreachable(why),
    };
    try {
      const completion = await withRetries(policy, () => this.#attempt(station, request));
      station.unreachable = 0;
      return { state: "reply", completion, cached: false };
    } catch (error) {
      if (error instanceof UnusableRequest) return { state: "failed", reason: error.message };
      if (error instanceof Unreachable) return this.#unreachable(station, error);
      if (error instanceof CordonError && error.code !== "generate/over-budget") station.fatal = error;
      throw error;
    }
  }

  async #attempt(station: Station, request: GenerationRequest): Promise<Completion> {
    const { generator, price, usage } = station;
    const worst = { inputTokens: mostPromptTokens(request.messages), outputTokens: request.maxTokens };
    const settle = await this.#budget.reserve(worst, price ?? NO_PRICE);
    let spent = { inputTokens: 0, outputTokens: 0 };
    try {
      this.#closing.signal.throwIfAborted();
      usage.calls++;
      const completion = await generator.complete(request, this.#signal);
      spent = completion;
      usage.estimated ||= completion.estimated;
      return completion;
    } catch (error) {
      if (error instanceof InterruptedReply) {
        spent = error.spent;
        usage.estimated = true;
      }
      throw error;
    } finally {
      book(usage, spent, price);
      settle(spent);
    }
  }

  /** One question may fail by chance; a row of them is the generator's end. */
  #unreachable(station: Station, { message }: Unreachable): Outcome {
    const limit = Math.max(UNREACHABLE_IN_A_ROW, station.config.kind === "endpoint" ? 2 * station.config.concurrency : 0);
    if (++station.unreachable < limit) return { state: "failed", reason: message };
    station.fatal = new CordonError(
      "generate/endpoint-failed",
      `generator ${station.generator.name}: ${station.unreachable} questions in a row got no reply: ${message}`,
      { hint: "run it again when the endpoint is well: it goes on where it stopped" },
    );
    throw station.fatal;
  }
}

/** Every attempt at a question failed for want of the generator. */
class Unreachable extends Error {
  override readonly name = "Unreachable";
}

function answered<T>({ usage }: Station, fitted: Fitted<T> | { state: "failed"; reason: string }, origin: Origin): Answer<T> {
  if (fitted.state === "fits") return { state: "answered", value: fitted.value, origin };
  if (fitted.state === "refused") {
    usage.refused++;
    return { state: "refused", reason: fitted.reason, origin };
  }
  usage.failed++;
  return { state: "failed", reason: fitted.reason, origin };
}

export function unknownGenerator(name: string, known: readonly string[]): CordonError {
  const hint = known.length === 0 ? "the recipe has no generators section" : `the recipe has ${known.join(", ")}`;
  return new CordonError("usage/bad-option", `no generator is called ${name}`, { hint });
}
