import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EncoderBatch } from "./network.ts";
import { paddedWindows, poolWindows, windowMask, windowsOf } from "./pooled-windows.ts";

const TABLE = Float32Array.from([0, 0, 1, 10, 2, -20, 3, 30, 4, 5]);

function batchOf(rows: number[][], tokens: number): EncoderBatch {
  const padded = rows.map((row) => [...row, ...Array<number>(tokens - row.length).fill(0)]);
  const mask = rows.flatMap((row) => Array.from({ length: tokens }, (_, t) => (t < row.length ? 1 : 0)));
  return { rows: rows.length, tokens, ids: Int32Array.from(padded.flat()), mask: Uint8Array.from(mask) };
}

const shapes = fc
  .integer({ min: 1, max: 6 })
  .chain((window) => fc.record({ window: fc.constant(window), stride: fc.integer({ min: 1, max: window }) }));

describe("windows", () => {
  it("cover a row's tokens, none twice where they need not", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), shapes, (tokens, shape) => {
        const count = windowsOf(tokens, shape);
        const end = (k: number) => (k - 1) * shape.stride + shape.window;
        expect(end(count)).toBeGreaterThanOrEqual(tokens);
        if (count > 1) expect(end(count - 1)).toBeLessThan(tokens);
      }),
    );
  });

  it("do not change with padding", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 20 }),
        fc.integer({ min: 0, max: 20 }),
        shapes,
        (row, padding, shape) => {
          const tight = poolWindows(TABLE, 2, batchOf([row], Math.max(1, row.length)), shape);
          const batch = batchOf([row], Math.max(1, row.length) + padding);
          const padded = poolWindows(TABLE, 2, batch, shape);
          const valid = windowsOf(row.length, shape);
          const columns = tight.shape[1];
          expect(padded.features.slice(0, valid * columns)).toEqual(tight.features.slice(0, valid * columns));
          expect(padded.features.slice(valid * columns).every((value) => value === 0)).toBe(true);
          expect([...windowMask(batch, shape)]).toEqual(
            Array.from({ length: paddedWindows(batch.tokens, shape) }, (_, k) => (k < valid ? 1 : 0)),
          );
        },
      ),
    );
  });
});

describe("poolWindows", () => {
  it("gives mean, maximum and minimum, and zeros for padding", () => {
    const { ids, features, shape } = poolWindows(TABLE, 2, batchOf([[1, 2, 3], [4]], 4), { window: 2, stride: 2 });
    expect([...ids]).toEqual([1, 2, 3, 4]);
    expect(shape).toEqual([4, 6]);
    const rows = Array.from({ length: 4 }, (_, i) => [...features.subarray(i * 6, (i + 1) * 6)]);
    expect(rows).toEqual([
      [1.5, -5, 2, 10, 1, -20],
      [3, 30, 3, 30, 3, 30],
      [4, 5, 4, 5, 4, 5],
      [0, 0, 0, 0, 0, 0],
    ]);
  });

  it("sends a gradient back to the tokens that it came from", () => {
    const pooled = poolWindows(TABLE, 2, batchOf([[1, 2, 3], [4]], 4), { window: 2, stride: 2 });
    const gradient = new Float32Array(24);
    gradient.set([2, 0, 5, 7, 11, 13]);
    gradient.set([1, 1, 1, 1, 1, 1], 18);
    expect([...pooled.rowGradient(gradient)]).toEqual([1 + 11, 7, 1 + 5, 13, 0, 0, 0, 0]);
  });

  it("sends the gradient of equal maxima to the earliest token, once", () => {
    const pooled = poolWindows(TABLE, 2, batchOf([[2, 2, 2]], 3), { window: 3, stride: 3 });
    expect([...pooled.rowGradient(Float32Array.from([3, 3, 1, 1, 1, 1]))]).toEqual([5, 5]);
  });
});
