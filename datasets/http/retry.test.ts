import { expect, test } from "vitest";
import { mayPass, retryAfter, type RetryPolicy, TransferError, transferError, withRetries } from "./retry.ts";

const policy = (overrides: Partial<RetryPolicy> = {}): RetryPolicy & { pauses: number[] } => {
  const pauses: number[] = [];
  return {
    attempts: 3,
    backoffMs: 2,
    notify: (_e, pause) => pauses.push(pause),
    giveUp: (_e, why) => new Error(why),
    pauses,
    ...overrides,
  };
};
const failing = (times: number, error: () => Error = () => new TransferError("down")) => {
  let count = 0;
  return { attempt: async () => (count++ < times ? Promise.reject(error()) : count), count: () => count };
};

test("seconds, milliseconds, a date, and what is none of them", () => {
  const date = Date.parse("Wed, 21 Oct 2015 07:28:00 GMT");
  const of = (headers: Record<string, string>) => retryAfter(new Headers(headers), date);
  expect(of({ "retry-after": "12" })).toBe(12_000);
  expect(of({ "retry-after": "Wed, 21 Oct 2015 07:28:10 GMT" })).toBe(10_000);
  expect(of({ "retry-after": "Wed, 21 Oct 2015 07:00:00 GMT" })).toBe(0);
  expect(of({ "retry-after": "9", "retry-after-ms": "250" })).toBe(250);
  expect(of({ "retry-after": "soon" })).toBeUndefined();
  expect(of({})).toBeUndefined();
});

test("which statuses pass", () => {
  expect([408, 409, 429, 500, 503, 529].every(mayPass)).toBe(true);
  expect([400, 401, 403, 404, 422].some(mayPass)).toBe(false);
});

test("pauses double, with a quarter of jitter, and are as long as the server asks", async () => {
  const p = policy({ attempts: 4 });
  expect(await withRetries(p, failing(3).attempt)).toBe(4);
  for (const [i, pause] of p.pauses.entries()) {
    expect(pause).toBeGreaterThanOrEqual(2 * 2 ** i * 0.75);
    expect(pause).toBeLessThanOrEqual(2 * 2 ** i * 1.25);
  }
  const asked = policy();
  await withRetries(asked, failing(1, () => new TransferError("busy", { retryAfterMs: 30 })).attempt);
  expect(asked.pauses).toEqual([30]);
});

test("gives up after so many failures in a row, at once where the wait is too long, and not on other errors", async () => {
  const down = failing(9);
  await expect(withRetries(policy(), down.attempt)).rejects.toThrow("down");
  expect(down.count()).toBe(3);
  const gaining = failing(9, () => new TransferError("cut", { progressed: true }));
  expect(await withRetries(policy(), gaining.attempt)).toBe(10);
  const busy = failing(9, () => new TransferError("busy", { retryAfterMs: 3_600_000 }));
  await expect(withRetries(policy(), busy.attempt)).rejects.toThrow("busy, and asks to wait 3600 s");
  expect(busy.count()).toBe(1);
  const bug = failing(9, () => new RangeError("bug"));
  await expect(withRetries(policy(), bug.attempt)).rejects.toThrow(RangeError);
  expect(bug.count()).toBe(1);
});

test("a stop from outside ends a pause", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 5);
  await expect(withRetries(policy({ backoffMs: 20_000, signal: stop.signal }), failing(9).attempt)).rejects.toThrow("aborted");
});

test("what fetch throws may be tried again, what the program throws may not", async () => {
  const refused = await fetch("http://127.0.0.1:1/").catch((error: unknown) => error);
  expect(transferError(refused, "the hub")).toMatchObject({
    name: "TransferError",
    message: expect.stringContaining("the hub cannot be reached"),
  });
  const bug = new RangeError("bug");
  expect(transferError(bug, "the hub")).toBe(bug);
});
