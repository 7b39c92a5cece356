// Money and tokens over all generators of a run. Before a call the most that it can come to is set aside, afterwards what it
// did come to is booked: so no order of calls and answers can go over, as long as an endpoint keeps to its `max_tokens`.
import { CordonError } from "#models/errors";
import type { Tokens } from "./generator.ts";
import { costOf, type Price } from "./tokens.ts";

export interface BudgetLimits {
  /** Dollars. */
  maxCost?: number | undefined;
  /** Of prompts and replies together. */
  maxTokens?: number | undefined;
}

interface Amount {
  /** Dollars. */
  cost: number;
  tokens: number;
}

export class Budget {
  readonly #limits: BudgetLimits;
  readonly #spent: Amount = { cost: 0, tokens: 0 };
  readonly #reserved: Amount = { cost: 0, tokens: 0 };
  #calls = 0;
  #open = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: BudgetLimits = {}) {
    this.#limits = limits;
  }

  get maxCost(): number | undefined {
    return this.#limits.maxCost;
  }

  /** What was spent, in dollars and tokens, by how many calls. */
  get spent(): Readonly<Amount> & { calls: number } {
    return { ...this.#spent, calls: this.#calls };
  }

  /**
   * Sets the worst case aside, waiting for calls under way where these leave too little, and gives the function that books
   * what the call came to; it must be called, once.
   * @throws CordonError generate/over-budget where it does not fit though nothing is under way
   */
  async reserve(worst: Tokens, price: Price): Promise<(actual: Tokens) => void> {
    const aside = amountOf(worst, price);
    while (!this.#fits(aside)) {
      if (this.#open === 0) throw this.#over();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    add(this.#reserved, aside, 1);
    this.#open++;
    return (actual) => {
      add(this.#reserved, aside, -1);
      add(this.#spent, amountOf(actual, price), 1);
      this.#open--;
      this.#calls++;
      // Nothing under way leaves nothing aside: the rounding of many sums and differences ends here.
      if (this.#open === 0) this.#reserved.cost = 0;
      for (const wake of this.#waiting.splice(0)) wake();
    };
  }

  #fits(aside: Amount): boolean {
    const { maxCost = Infinity, maxTokens = Infinity } = this.#limits;
    return (
      this.#spent.cost + this.#reserved.cost + aside.cost <= maxCost &&
      this.#spent.tokens + this.#reserved.tokens + aside.tokens <= maxTokens
    );
  }

  #over(): CordonError {
    const { maxCost, maxTokens } = this.#limits;
    const limits = [maxCost === undefined ? "" : `--max-cost ${maxCost}`, maxTokens === undefined ? "" : `--max-tokens ${maxTokens}`];
    const { cost, tokens } = this.#spent;
    return new CordonError(
      "generate/over-budget",
      `the next call could go over ${limits.filter(Boolean).join(" or ")}: ${this.#calls} calls have used ${tokens} tokens and ${dollars(cost)}`,
      { hint: "run it again with a larger budget: it goes on where it stopped, and no answer is paid twice" },
    );
  }
}

/** `$0.0012`, `$12.40`. */
export function dollars(amount: number): string {
  return `$${amount.toFixed(amount === 0 || amount >= 1 ? 2 : 4)}`;
}

function amountOf(tokens: Tokens, price: Price): Amount {
  return { cost: costOf(tokens, price), tokens: tokens.inputTokens + tokens.outputTokens };
}

function add(to: Amount, amount: Amount, sign: 1 | -1): void {
  to.cost += sign * amount.cost;
  to.tokens += sign * amount.tokens;
}
