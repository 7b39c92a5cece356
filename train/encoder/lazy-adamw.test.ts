import { describe, expect, it } from "vitest";
import { Random } from "#models/random";
import { LazyAdamw } from "./lazy-adamw.ts";

const HYPER = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };

describe("LazyAdamw", () => {
  it("takes torch.optim.AdamW's steps", () => {
    // torch 1.13.1: p = [1, -2], gradients [0.5, -0.1] and then [-0.2, 0.3], lr 0.01, betas (0.9, 0.999), weight_decay 0.1
    const adamw = new LazyAdamw(Float32Array.of(1, -2), 2, HYPER);
    adamw.step(Int32Array.of(0), Float32Array.of(0.5, -0.1), 1, 0.01, 1);
    expect([...adamw.table]).toEqual([expect.closeTo(0.989, 6), expect.closeTo(-1.988, 6)]);
    adamw.step(Int32Array.of(0), Float32Array.of(-0.2, 0.3), 1, 0.01, 2);
    expect([...adamw.table]).toEqual([expect.closeTo(0.98455501, 6), expect.closeTo(-1.99095404, 6)]);
  });

  it("leaves the rows alone that a step does not touch", () => {
    const random = new Random(1, "lazy");
    const table = Float32Array.from({ length: 40 }, () => random.next());
    const adamw = new LazyAdamw(table.slice(), 4, HYPER);
    adamw.step(Int32Array.of(7, 2), new Float32Array(8).fill(0.3), 1, 0.1, 1);
    for (let row = 0; row < 10; row++) {
      const moved = [...adamw.table.subarray(row * 4, row * 4 + 4)].some((x, k) => x !== table[row * 4 + k]);
      expect(moved, String(row)).toBe(row === 7 || row === 2);
      expect(adamw.m[row * 4] !== 0).toBe(row === 7 || row === 2);
    }
  });

  it("does not depend on the order of the rows, and scales the gradient", () => {
    const table = Float32Array.of(1, 2, 3, 4);
    const [one, two] = [new LazyAdamw(table.slice(), 2, HYPER), new LazyAdamw(table.slice(), 2, HYPER)];
    one.step(Int32Array.of(0, 1), Float32Array.of(1, 2, 3, 4), 0.5, 0.1, 1);
    two.step(Int32Array.of(1, 0), Float32Array.of(1.5, 2, 0.5, 1), 1, 0.1, 1);
    expect(one.table).toEqual(two.table);
  });
});
