import fc from "fast-check";
import { expect, it } from "vitest";
import { SCHEDULES, rateAt } from "./schedule.ts";

it("rises to the full rate in the warm-up, then falls", () => {
  const of = (schedule: (typeof SCHEDULES)[number]) => Array.from({ length: 10 }, (_, step) => rateAt(step, 10, 0.2, schedule));
  expect(of("linear")).toEqual([0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125]);
  expect(of("constant")).toEqual([0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  expect(of("cosine")[6]).toBeCloseTo(0.5, 12);
});

it("lies over 0, reaches 1 and no more, and never rises again after the warm-up", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(...SCHEDULES),
      (steps, warmup, schedule) => {
        const rates = Array.from({ length: steps }, (_, step) => rateAt(step, steps, warmup, schedule));
        expect(rates.every((rate) => rate > 0 && rate <= 1)).toBe(true);
        expect(Math.max(...rates)).toBe(1);
        const top = rates.indexOf(1);
        for (let step = top + 1; step < steps; step++) expect(rates[step]!).toBeLessThanOrEqual(rates[step - 1]!);
      },
    ),
  );
});
