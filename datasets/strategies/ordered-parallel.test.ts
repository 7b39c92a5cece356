import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { collect } from "#datasets/files/collect";
import { orderedParallel } from "./ordered-parallel.ts";

test("results come in the order of the items, whatever takes how long", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      async (delays, window) => {
        let open = 0;
        let peak = 0;
        const results = await collect(
          orderedParallel(delays.entries(), window, async ([i, delay]) => {
            peak = Math.max(peak, ++open);
            await sleep(delay);
            open--;
            return i;
          }),
        );
        expect(results).toEqual(delays.map((_, i) => i));
        expect(peak).toBeLessThanOrEqual(window);
      },
    ),
    { numRuns: 30 },
  );
});

test("keeps the window full while the oldest is awaited", async () => {
  let open = 0;
  let peak = 0;
  const work = async (i: number) => {
    peak = Math.max(peak, ++open);
    await sleep(5);
    open--;
    return i;
  };
  await collect(orderedParallel([...Array.from({ length: 40 }).keys()], 8, work));
  expect(peak).toBe(8);
});

test("takes no more items than the window ahead of what was read", async () => {
  let taken = 0;
  function* items() {
    for (;;) yield taken++;
  }
  const results = orderedParallel(items(), 5, async (i) => i);
  for (let i = 0; i < 3; i++) expect((await results.next()).value).toBe(i);
  expect(taken).toBeLessThanOrEqual(5 + 3);
  await results.return(undefined);
});

test("a failure is told in its turn, after the results before it and once the others have ended", async () => {
  const seen: number[] = [];
  let ended = 0;
  const work = async (i: number) => {
    await sleep(i === 3 ? 0 : 10);
    ended++;
    if (i === 3) throw new Error("the fourth");
    return i;
  };
  const run = async () => {
    for await (const i of orderedParallel([0, 1, 2, 3, 4, 5, 6], 7, work)) seen.push(i);
  };
  await expect(run()).rejects.toThrow("the fourth");
  expect(seen).toEqual([0, 1, 2]);
  expect(ended).toBe(7);
});

test("a window below one is a mistake of the caller's", async () => {
  await expect(collect(orderedParallel([1], 0, async (i) => i))).rejects.toThrow(/window of 1 or more, got 0/);
});
