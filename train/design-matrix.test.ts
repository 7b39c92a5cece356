import { expect, test } from "vitest";
import { wordBucket } from "#models/ngram/features";
import { type DesignMatrix, designMatrix } from "./design-matrix.ts";

const FEATURES = { bits: 16, charNgrams: null };
const all = () => true;
const row = (matrix: DesignMatrix, r: number) =>
  [...matrix.features.subarray(matrix.offsets[r], matrix.offsets[r + 1])].map((c) => matrix.bucket[c]!);
const column = (matrix: DesignMatrix, word: string) => matrix.bucket.indexOf(wordBucket(FEATURES, word));

test("a row a text: every word and every pair, as often as it occurs", () => {
  const matrix = designMatrix(["a b a b", "c", ""], all, FEATURES, 1);
  expect([matrix.rows, [...matrix.example], [...matrix.share]]).toEqual([3, [0, 1, 2], [1, 1, 1]]);
  const first = row(matrix, 0);
  // Four words and four pairs, of which "a b" is there twice.
  expect(first).toHaveLength(8);
  expect(new Set(first).size).toBe(5);
  for (const word of ["a", "b"]) expect(first.filter((b) => b === wordBucket(FEATURES, word))).toHaveLength(2);
  expect(row(matrix, 1)).toHaveLength(2);
  expect([row(matrix, 2), matrix.inverseNorm[2]]).toEqual([[], 0]);
});

test("idf is ln((1 + n) / (1 + df)) + 1 over windows, and a row's norm is taken of it", () => {
  const matrix = designMatrix(["x y", "x", "x z", "w"], all, FEATURES, 1);
  expect(matrix.idf[column(matrix, "x")]).toBeCloseTo(Math.log(5 / 4) + 1, 6);
  expect(matrix.idf[column(matrix, "w")]).toBeCloseTo(Math.log(5 / 2) + 1, 6);
  for (let r = 0; r < matrix.rows; r++) {
    let mass = 0;
    for (let k = matrix.offsets[r]!; k < matrix.offsets[r + 1]!; k++) mass += matrix.idf[matrix.features[k]!]! ** 2;
    expect(matrix.inverseNorm[r]).toBeCloseTo(1 / Math.sqrt(mass), 5);
  }
});

test("columns stand by falling frequency; rare features are left out, those of texts that are not counted too", () => {
  const texts = ["x y", "x y", "x q", "hidden hidden", "hidden x"];
  const matrix = designMatrix(texts, (i) => i < 3, FEATURES, 2);
  expect(matrix.columns).toBe(4); // x, y and each behind what was before it
  expect(column(matrix, "x")).toBeLessThan(column(matrix, "y"));
  expect(column(matrix, "hidden")).toBe(-1);
  expect(column(matrix, "q")).toBe(-1);
  expect(row(matrix, 3)).toEqual([]);
  expect(row(matrix, 4)).toContain(wordBucket(FEATURES, "x"));
  expect(matrix.idf[column(matrix, "x")]).toBeCloseTo(Math.log(4 / 4) + 1, 6);
});

test("a long text gives at most six windows, spread from its beginning to its end, that share its weight", () => {
  const long = Array.from({ length: 128 * 20 }, (_, i) => `w${i}`).join(" ");
  const matrix = designMatrix([long, "short", Array.from({ length: 300 }, () => "w").join(" ")], all, FEATURES, 1);
  expect([...matrix.example]).toEqual([0, 0, 0, 0, 0, 0, 1, 2, 2]);
  [1 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 1, 1 / 2, 1 / 2].forEach((share, r) => expect(matrix.share[r]).toBeCloseTo(share, 6));
  expect(row(matrix, 0)).toContain(wordBucket(FEATURES, "w0"));
  expect(row(matrix, 5)).toContain(wordBucket(FEATURES, `w${128 * 20 - 1}`));
});

test("it lies in shared memory, so that threads need no copy", () => {
  const matrix = designMatrix(["a b"], all, FEATURES, 1);
  for (const array of [matrix.offsets, matrix.features, matrix.inverseNorm, matrix.example, matrix.share, matrix.idf, matrix.bucket]) {
    expect(array.buffer).toBeInstanceOf(SharedArrayBuffer);
  }
});
