import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBfloat16, fromFloat16, toFloat16 } from "./half.ts";

const ALL = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);
const half = (value: number) => fromFloat16(toFloat16(Float32Array.of(value)))[0]!;

describe("binary16", () => {
  test("each of the 65,536 survives widening and rounding", () => {
    const back = toFloat16(fromFloat16(ALL));
    for (const bits of ALL) {
      const isNaN = (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
      if (isNaN) expect(back[bits]! & 0x7e00).toBe(0x7e00);
      else if (back[bits] !== bits) throw new Error(`${bits.toString(16)} came back as ${back[bits]!.toString(16)}`);
    }
  });

  test("the nearest is taken, of two equally near the even one", () => {
    const values = fromFloat16(ALL.subarray(0, 0x7c00)); // 0 to 65504, ascending
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0x7bfe }),
        fc.float({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        (index, share, negative) => {
          const low = values[index]!;
          const high = values[index + 1]!;
          const value = Math.fround(low + (high - low) * share);
          const below = value - low;
          const above = high - value;
          const wanted = below < above || (below === above && index % 2 === 0) ? low : high;
          expect(half(negative ? -value : value)).toBe(negative ? -wanted : wanted);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each([
    [1 + 2 ** -11, 1],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9],
    [2 ** -25, 0],
    [3 * 2 ** -25, 2 ** -23],
    [2 ** -14 - 2 ** -26, 2 ** -14],
    [65519.996, 65504],
    [65520, Number.POSITIVE_INFINITY],
    [-1e30, Number.NEGATIVE_INFINITY],
    [-0, -0],
  ])("%f → %f", (value, wanted) => expect(half(value)).toBe(wanted));

  test("NaN stays NaN", () => expect(half(Number.NaN)).toBeNaN());
});

test("bfloat16 is the upper half of a float32", () => {
  expect([...fromBfloat16(Uint16Array.of(0x3f80, 0xc000, 0x7f80))]).toEqual([1, -2, Number.POSITIVE_INFINITY]);
});
