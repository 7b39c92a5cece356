import { expect, it } from "vitest";
import { Turns } from "./turns.ts";

const busy = (milliseconds: number) => {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
};

it("lets timers through while work goes on, and little else of the time", async () => {
  const turns = new Turns();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  for (let i = 0; i < 100; i++) {
    busy(2);
    await turns.take();
  }
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(0);
  expect(ticks).toBeLessThan(50);
});

it("ends the work with the signal's reason, at the next piece", async () => {
  const controller = new AbortController();
  const turns = new Turns(controller.signal);
  await turns.take();
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(turns.take()).rejects.toBe(reason);
});
