import fc from "fast-check";
import { expect, test } from "vitest";
import { Budget, dollars } from "./budget.ts";
import { Limiter } from "./limiter.ts";

const PRICE = { input: 2, output: 10 };

test("what was spent, and an error that tells of it", async () => {
  const budget = new Budget({ maxCost: 0.01 });
  const settle = await budget.reserve({ inputTokens: 500, outputTokens: 500 }, PRICE);
  settle({ inputTokens: 400, outputTokens: 100 });
  expect(budget.spent).toEqual({ cost: (400 * 2 + 100 * 10) / 1e6, tokens: 500, calls: 1 });
  const over = budget.reserve({ inputTokens: 0, outputTokens: 1000 }, PRICE);
  await expect(over).rejects.toMatchObject({
    code: "generate/over-budget",
    message: expect.stringMatching(/1 calls .* 500 tokens and \$0.0018.*larger budget/),
  });
});

test("a call waits for those under way before it is refused", async () => {
  const budget = new Budget({ maxTokens: 100 });
  const settle = await budget.reserve({ inputTokens: 30, outputTokens: 50 }, PRICE);
  const second = budget.reserve({ inputTokens: 30, outputTokens: 50 }, PRICE);
  settle({ inputTokens: 10, outputTokens: 5 });
  (await second)({ inputTokens: 30, outputTokens: 50 });
  expect(budget.spent.tokens).toBe(95);
  await expect(budget.reserve({ inputTokens: 1, outputTokens: 5 }, PRICE)).rejects.toThrow("--max-tokens 100");
});

test("no order of calls goes over, none waits for ever, and what fits is made", async () => {
  const call = fc.record({ input: fc.nat(200), output: fc.nat(200), share: fc.double({ min: 0, max: 1, noNaN: true }), turns: fc.nat(6) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(call, { maxLength: 30 }),
      fc.nat(4000),
      fc.double({ min: 0, max: 0.02, noNaN: true }),
      async (calls, maxTokens, maxCost) => {
        const budget = new Budget({ maxTokens, maxCost });
        const outcomes = await Promise.all(
          calls.map(async ({ input, output, share, turns }) => {
            const settle = await budget.reserve({ inputTokens: input, outputTokens: output }, PRICE).catch(() => undefined);
            if (settle === undefined) return false;
            for (let i = 0; i < turns; i++) await Promise.resolve();
            settle({ inputTokens: input, outputTokens: Math.floor(output * share) });
            expect(budget.spent.tokens).toBeLessThanOrEqual(maxTokens);
            expect(budget.spent.cost).toBeLessThanOrEqual(maxCost + 1e-12);
            return true;
          }),
        );
        expect(budget.spent.calls).toBe(outcomes.filter(Boolean).length);
        const worst = calls.reduce((sum, c) => sum + c.input + c.output, 0);
        const cost = calls.reduce((sum, c) => sum + (c.input * PRICE.input + c.output * PRICE.output) / 1e6, 0);
        if (worst <= maxTokens && cost <= maxCost) expect(outcomes.every(Boolean)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});

test("the limiter runs so many at one time, in order, also after a failure", async () => {
  const limiter = new Limiter(3);
  let open = 0;
  let peak = 0;
  const order: number[] = [];
  const task = (i: number) => async () => {
    order.push(i);
    peak = Math.max(peak, ++open);
    await new Promise((resolve) => setTimeout(resolve, 1));
    open--;
    if (i % 4 === 0) throw new Error("fails");
  };
  await Promise.allSettled(Array.from({ length: 20 }, (_, i) => limiter.run(task(i))));
  expect(peak).toBe(3);
  expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("dollars", () => {
  expect([0, 0.00123, 12.4].map(dollars)).toEqual(["$0.00", "$0.0012", "$12.40"]);
});
