import fc from "fast-check";
import { expect, test } from "vitest";
import { KneserNey } from "./kneser-ney.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c", " ", "é"), maxLength: 30 }).map(utf8), { maxLength: 8 });
const trained = (order: number, documents: Uint8Array[]) => {
  const model = new KneserNey(order);
  for (const document of documents) model.add(document);
  return model;
};

test("probabilities sum to 1 after any text, and none is 0", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), texts, fc.uint8Array({ maxLength: 8 }), texts, (order, documents, before, others) => {
      const model = trained(order, documents);
      for (const context of [before, ...others.slice(0, 2), ...documents.slice(0, 2).map((d) => d.subarray(0, 5))]) {
        const p = model.distribution(context);
        expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10);
        expect(p.every((x) => x > 0)).toBe(true);
      }
    }),
  );
});

/** The same model from its definition, with strings and maps: counts, left neighbours, and recursion down the orders. */
function slow(order: number, documents: Uint8Array[]) {
  const counts = Array.from({ length: order + 1 }, () => new Map<string, number>());
  const seen = new Set<string>();
  for (const document of documents) {
    const symbols = [...Array.from({ length: order - 1 }, () => 257), ...document, 256];
    for (let i = order - 1; i < symbols.length; i++) {
      for (let length = order; length >= 1; length--) {
        const gram = symbols.slice(i - length + 1, i + 1).join(",");
        if (length < order) {
          const longer = symbols.slice(i - length, i + 1).join(",");
          if (seen.has(longer)) break;
          seen.add(longer);
        }
        counts[length]!.set(gram, (counts[length]!.get(gram) ?? 0) + 1);
      }
    }
  }
  const discounts = counts.map((grams) => {
    const n = [0, 1, 2, 3, 4].map((c) => [...grams.values()].filter((v) => v === c).length);
    const y = n[1]! + 2 * n[2]! === 0 ? 0.5 : n[1]! / (n[1]! + 2 * n[2]!);
    return [0, 1, 2].map((i) =>
      Math.min(i + 1, Math.max(0.05, (n[i + 1]! && i + 1 - ((i + 2) * y * n[i + 2]!) / n[i + 1]!) || (i + 1) / 2)),
    );
  });
  const probability = (context: number[], symbol: number): number => {
    const length = context.length + 1;
    const prefix = [...context, ""].join(",");
    const followers = [...counts[length]!].filter(([gram]) => gram.startsWith(prefix) && gram.split(",").length === length);
    const total = followers.reduce((sum, [, c]) => sum + c, 0);
    const lower = context.length === 0 ? 1 / 257 : probability(context.slice(1), symbol);
    if (total === 0) return lower;
    const d = (c: number) => discounts[length]![Math.min(c, 3) - 1]!;
    const own = counts[length]!.get([...context, symbol].join(",")) ?? 0;
    const left = followers.reduce((sum, [, c]) => sum + d(c), 0);
    return ((own > 0 ? own - d(own) : 0) + left * lower) / total;
  };
  return (before: Uint8Array, symbol: number) => {
    const symbols = [...Array.from({ length: order - 1 }, () => 257), ...before];
    return probability(order === 1 ? [] : symbols.slice(-(order - 1)), symbol);
  };
}

test("agrees with the definition", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), texts, texts, (order, documents, contexts) => {
      const model = trained(order, documents);
      const reference = slow(order, documents);
      for (const context of contexts.slice(0, 3)) {
        const p = model.distribution(context);
        for (const symbol of [97, 98, 32, 200, 256]) expect(Math.abs(p[symbol]! - reference(context, symbol))).toBeLessThan(1e-12);
      }
    }),
    { numRuns: 60 },
  );
});

test("bits are those of the distributions, byte by byte", () => {
  const model = trained(4, ["the cat sat", "the dog sat on the cat", "a cat"].map(utf8));
  const text = utf8("the cow sat");
  let bits = 0;
  for (let i = 0; i <= text.length; i++) bits -= Math.log2(model.distribution(text.subarray(0, i))[i < text.length ? text[i]! : 256]!);
  expect(model.bits(text)).toBeCloseTo(bits, 9);
});

test("an untrained model needs log2 257 bits a symbol; training on like text lowers it", () => {
  const text = utf8("cells divide and viruses enter cells");
  expect(new KneserNey(5).bits(text)).toBeCloseTo((text.length + 1) * Math.log2(257), 9);
  const near = trained(
    5,
    Array.from({ length: 5 }, () => utf8("viruses enter cells; cells divide")),
  );
  const far = trained(
    5,
    Array.from({ length: 5 }, () => utf8("prices rose as markets opened low")),
  );
  expect(near.bits(text)).toBeLessThan(far.bits(text));
});

test("the order of documents does not matter", () => {
  const documents = ["aab", "abab", "b", "", "aab aab"].map(utf8);
  const text = utf8("ab aab");
  expect(trained(4, documents).bits(text)).toBeCloseTo(trained(4, documents.toReversed()).bits(text), 12);
});
