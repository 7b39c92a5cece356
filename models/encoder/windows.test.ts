import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { wordPieceJson } from "./fixture-tokenizer.ts";
import { SubwordTokenizer } from "./subword-tokenizer.ts";
import { cutWindows, spreadWindows, windowCapacity, windowIds, windowSpan } from "./windows.ts";

describe("cutWindows", () => {
  it("covers every token, in order, with an overlap of a quarter, no window too long and none within another", () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.integer({ min: 1, max: 300 }), (count, capacity) => {
        const windows = cutWindows(count, capacity);
        expect(windows[0]!.from).toBe(0);
        expect(windows.at(-1)!.to).toBe(count);
        windows.forEach(({ from, to }, i) => {
          expect(to - from).toBeLessThanOrEqual(capacity);
          if (i === 0) return;
          const before = windows[i - 1]!;
          expect(before.to - before.from).toBe(capacity);
          expect(before.to - from).toBe(Math.floor(capacity / 4));
          expect(to).toBeGreaterThan(before.to);
        });
      }),
    );
  });

  it("gives a text without tokens one empty window", () => {
    expect(cutWindows(0, 10)).toEqual([{ from: 0, to: 0 }]);
    expect(cutWindows(10, 10)).toEqual([{ from: 0, to: 10 }]);
    expect(cutWindows(11, 10)).toEqual([{ from: 0, to: 10 }, { from: 8, to: 11 }]); // prettier-ignore
  });
});

describe("spreadWindows", () => {
  it("takes the first, the last and some between, each once", () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.integer({ min: 2, max: 8 }), (count, most) => {
        const windows = cutWindows(count, 64);
        const some = spreadWindows(windows, most);
        expect(some).toHaveLength(Math.min(most, windows.length));
        expect(some[0]).toEqual(windows[0]);
        expect(some.at(-1)).toEqual(windows.at(-1));
        expect(new Set(some.map((w) => w.from)).size).toBe(some.length);
      }),
    );
    expect(spreadWindows(cutWindows(100, 10), 1)).toEqual([{ from: 0, to: 10 }]);
  });
});

describe("a window of a text", () => {
  const tokenizer = new SubwordTokenizer(wordPieceJson(), {}, "t");

  it("has the special tokens at its ends and the place of its words", () => {
    const encoded = tokenizer.encode("kill a frozen process");
    const [cls, sep] = [tokenizer.prefix[0]!, tokenizer.suffix[0]!];
    expect([...windowIds(encoded, { from: 1, to: 3 }, tokenizer)]).toEqual([cls, ...encoded.ids.subarray(1, 3), sep]);
    expect(windowSpan(encoded, { from: 1, to: 3 })).toEqual({ start: 5, end: 13 });
    expect(windowSpan(encoded, { from: 0, to: 0 })).toEqual({ start: 0, end: 0 });
  });

  it("needs room beside the special tokens", () => {
    expect(windowCapacity(tokenizer, 10)).toBe(8);
    expect(() => windowCapacity(tokenizer, 2)).toThrow("no room");
  });
});
