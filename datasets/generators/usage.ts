// What a run has asked of its generators and what it came to, for the progress line and the dry run. No manifest has it: the
// second run of a recipe costs nothing and writes the same bytes.
import { dollars } from "./budget.ts";
import type { GeneratorConfig } from "./config.ts";
import type { Tokens } from "./generator.ts";
import { costOf, type Price } from "./tokens.ts";

export interface GeneratorUsage extends Tokens {
  kind: GeneratorConfig["kind"];
  model: string;
  /** Attempts that were sent, repeated ones too. */
  calls: number;
  /** Of the calls: those that repeat one that failed, or ask once more for a reply of the right shape. */
  retries: number;
  /** Answers taken from the cache. They are in none of the other counts but `refused`. */
  cached: number;
  /** Questions that the model declined. */
  refused: number;
  /** Questions without a usable reply. */
  failed: number;
  /** Some token counts are estimates, since the endpoint gave none. */
  estimated: boolean;
  /** Dollars; null where the recipe gives no price. */
  cost: number | null;
}

export function emptyUsage(config: GeneratorConfig, price: Price | undefined): GeneratorUsage {
  const counts = { calls: 0, retries: 0, cached: 0, refused: 0, failed: 0, inputTokens: 0, outputTokens: 0 };
  return { kind: config.kind, model: config.model, ...counts, estimated: false, cost: price === undefined ? null : 0 };
}

/** Books what a call came to. */
export function book(usage: GeneratorUsage, tokens: Tokens, price: Price | undefined): void {
  usage.inputTokens += tokens.inputTokens;
  usage.outputTokens += tokens.outputTokens;
  if (price !== undefined) usage.cost = costOf(usage, price);
}

/** The progress of a run in a line: `412 calls (3 retries), 88 cached, 5 refused, 1 failed, 120,400 tokens, $0.0312`. */
export function usageLine(usages: Record<string, GeneratorUsage>): string {
  const all = Object.values(usages);
  const sum = (count: (usage: GeneratorUsage) => number) => all.reduce((total, usage) => total + count(usage), 0);
  const tokens = sum((u) => u.inputTokens + u.outputTokens);
  const unpriced = all.some((u) => u.cost === null && u.calls > 0);
  const retries = sum((u) => u.retries);
  return [
    `${sum((u) => u.calls)} calls${retries === 0 ? "" : ` (${retries} retries)`}`,
    `${sum((u) => u.cached)} cached`,
    `${sum((u) => u.refused)} refused`,
    `${sum((u) => u.failed)} failed`,
    `${all.some((u) => u.estimated) ? "about " : ""}${tokens.toLocaleString("en-US")} tokens`,
    `${dollars(sum((u) => u.cost ?? 0))}${unpriced ? " and what has no price" : ""}`,
  ].join(", ");
}
