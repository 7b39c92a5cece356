import fc from "fast-check";
import { expect, test } from "vitest";
import { SPLITS } from "./example.ts";
import { splitOf, splitOfSeed } from "./splits.ts";

test("a seed's split is a function of its id alone, in the shares that are promised", () => {
  const counts = { train: 0, calibration: 0, test: 0 };
  for (let i = 0; i < 20_000; i++) counts[splitOfSeed(`hate/act/${i}`)]++;
  expect(counts.train / 20_000).toBeCloseTo(0.8, 1.5);
  expect(counts.calibration / 20_000).toBeCloseTo(0.1, 1.5);
  expect(counts.test / 20_000).toBeCloseTo(0.1, 1.5);
  fc.assert(fc.property(fc.string(), (id) => SPLITS.includes(splitOfSeed(id)) && splitOfSeed(id) === splitOfSeed(id)));
  // Held fast: a change here would let held-out rows of older models into training.
  expect(["a", "b", "g", "i", "hate/act/1"].map(splitOfSeed)).toEqual(["train", "train", "calibration", "calibration", "test"]);
});

test("an example has the split that it states, else its seeds', else its id's; none where its seeds disagree", () => {
  const byName = (name: string) => Array.from({ length: 100 }, (_, i) => `seed/${i}`).filter((id) => splitOfSeed(id) === name);
  const [train, other] = [byName("train"), byName("test")];
  const lineage = (...seedIds: string[]) => ({ seedIds, parents: [], ops: [] });
  expect(splitOf({ id: "x", split: "test", lineage: lineage(train[0]!) })).toBe("test");
  expect(splitOf({ id: other[0]!, lineage: lineage(train[0]!, train[1]!) })).toBe("train");
  expect(splitOf({ id: "x", lineage: lineage(train[0]!, other[0]!) })).toBeNull();
  expect(splitOf({ id: other[0]! })).toBe("test");
  expect(splitOf({ id: other[0]!, lineage: lineage() })).toBe("test");
  expect(splitOf({ id: other[0]!, pair: train[0]! })).toBe("train");
  expect(splitOf({ id: "x", pair: other[0]!, lineage: lineage(train[0]!) })).toBe("train");
});
