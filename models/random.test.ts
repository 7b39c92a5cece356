import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "./random.ts";

const draw = (random: Random, n: number) => Array.from({ length: n }, () => random.next());

test("a seed and a stream give the same numbers on every machine", () => {
  const integers = (seed: number, stream?: string) => draw(new Random(seed, stream), 3).map((x) => x * 2 ** 32);
  expect(integers(1)).toEqual(FROM_1);
  expect(integers(1, "logistic")).toEqual(FROM_1_LOGISTIC);
  expect(integers(2 ** 40 + 1)).not.toEqual(FROM_1);
});
const FROM_1 = [3866767618, 1457495302, 2770534675];
const FROM_1_LOGISTIC = [1932475683, 3609425117, 602371902];

test("other seeds and other streams give other numbers", () => {
  const first = new Set<number>();
  for (let seed = 0; seed < 200; seed++) for (const stream of ["", "a", "b", "ab"]) first.add(draw(new Random(seed, stream), 1)[0]!);
  expect(first.size).toBe(800);
});

test("numbers are uniform in [0, 1) and do not hang together", () => {
  const n = 50_000;
  const numbers = draw(new Random(7), n);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  const counts = new Array<number>(20).fill(0);
  for (const x of numbers) counts[Math.floor(x * 20)]!++;
  // χ² with 19 degrees of freedom: 43.8 is its 0.999 quantile.
  expect(counts.reduce((sum, c) => sum + (c - n / 20) ** 2 / (n / 20), 0)).toBeLessThan(43.8);
  const lag = numbers.slice(1).reduce((sum, x, i) => sum + (x - 0.5) * (numbers[i]! - 0.5), 0) / (n / 12);
  expect(Math.abs(lag)).toBeLessThan(0.02);
});

test("below, chance and pick", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 1e9 }), (seed, n) => {
      const x = new Random(seed).below(n);
      return Number.isInteger(x) && x >= 0 && x < n;
    }),
  );
  const random = new Random(3);
  const drawn = Array.from({ length: 6000 }, () => random.pick(["a", "b", "c"]));
  for (const letter of "abc") expect(drawn.filter((x) => x === letter).length / 6000).toBeCloseTo(1 / 3, 1);
  expect(Array.from({ length: 5000 }, () => random.chance(0.2)).filter(Boolean).length / 5000).toBeCloseTo(0.2, 1);
  expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
  expect(() => random.pick([])).toThrow("pick: requires a list that is not empty");
});

test("shuffle keeps the elements, in place, and every order is as likely", () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.integer()), (seed, list) => {
      const copy = [...list];
      expect(new Random(seed).shuffle(copy)).toBe(copy);
      expect(copy.toSorted((a, b) => a - b)).toEqual(list.toSorted((a, b) => a - b));
      expect([...new Random(seed).shuffle(Int32Array.from(list))]).toEqual(new Random(seed).shuffle([...list]));
    }),
  );
  const random = new Random(11);
  const orders = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.shuffle([1, 2, 3]).join("");
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  expect(orders.size).toBe(6);
  for (const count of orders.values()) expect(count / 6000).toBeCloseTo(1 / 6, 1);
});
