import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { thresholdInBillionths, toBillionths, UNSCORED, writeBillionths, writeInteger } from "./billionths.ts";
import { StoredScoresWriter, thresholdForShare } from "./stored-scores.ts";

const dir = mkdtempSync(join(tmpdir(), "cordon-scores-"));
afterAll(() => rmSync(dir, { recursive: true }));

const billionths = fc.oneof(
  fc.integer({ min: 0, max: 1e9 }),
  fc.integer({ min: 0, max: 20 }),
  fc.constantFrom(0, 65535, 65536, 1e9 - 1, 1e9),
);
const bytes = new Uint8Array(64);
const text = (end: number) => Buffer.from(bytes.subarray(0, end)).toString();

test("what is written reads as the same number", () => {
  fc.assert(
    fc.property(billionths, (value) => {
      const written = text(writeBillionths(bytes, 0, value));
      expect(written).toMatch(/^[01]\.\d+$/);
      expect(JSON.parse(written)).toBe(value / 1e9);
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 9, 10, 99, 100)), (value) => {
      expect(text(writeInteger(bytes, 0, value))).toBe(String(value));
    }),
  );
});

test("scores that are no numbers must not pass", () => {
  expect([0, 1, 0.5, -1, 2, Number.NaN].map(toBillionths)).toEqual([0, 1e9, 5e8, 0, 1e9, 1e9]);
});

test("comparing billionths is comparing the numbers that are written", () => {
  const threshold = fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    billionths.map((v) => v / 1e9),
  );
  fc.assert(
    fc.property(threshold, fc.integer({ min: -2, max: 2 }), (t, near) => {
      const value = Math.min(1e9, Math.max(0, Math.round(t * 1e9) + near));
      expect(value >= thresholdInBillionths(t)).toBe(value / 1e9 >= t);
    }),
  );
});

test("the threshold for a share is exact, over files and with ties", () => {
  let n = 0;
  fc.assert(
    fc.property(
      fc.array(fc.array(billionths, { maxLength: 60 }), { minLength: 1, maxLength: 4 }),
      fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.1, 0.5, 1)),
      (shards, share) => {
        const paths = shards.map((scores) => {
          const writer = new StoredScoresWriter(join(dir, `${n++}.u32`));
          for (const [i, score] of scores.entries()) {
            writer.append(score, i);
            if (i % 7 === 0) writer.append(UNSCORED, 0);
          }
          writer.commit();
          return writer.path;
        });
        const all = shards.flat();
        const removed = (lowest: number) => all.filter((score) => score >= lowest).length;
        const lowest = thresholdInBillionths(thresholdForShare(paths, share));
        expect(removed(lowest)).toBeLessThanOrEqual(share * all.length + 1e-6);
        if (lowest > 0) expect(removed(lowest - 1)).toBeGreaterThan(Math.floor(share * all.length + 1e-9));
      },
    ),
    { numRuns: 150 },
  );
});
