// A cascade behind the guard: what is scored where, and that nothing waits for the encoder that need not. The server is a
// real one, with its worker threads.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CASCADE_WORDS, writeFixtureCascade } from "#models/fixture-cascade";
import { loadPackage, type ModelPackage } from "#models/package";
import { openScorer } from "#models/scorer";
import { buildServer, SERVER_DEFAULTS } from "#serve/http/server";
import { Guard } from "./guard.ts";
import { Moderator } from "./moderator.ts";
import type { Verdict } from "./verdict.ts";

const { sure, unsure, innocent } = CASCADE_WORDS;
let dir: string;
let cascade: ModelPackage;
let encoder: ModelPackage;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cordon-moderator-"));
  const paths = await writeFixtureCascade(dir);
  cascade = await loadPackage(paths.cascade);
  encoder = await loadPackage(paths.second);
});
afterAll(() => rm(dir, { recursive: true }));

const reasonOf = (verdict: Verdict) =>
  verdict.state === "undetermined" ? verdict.reason : verdict.escalated ? "escalated" : verdict.state;

describe("a cascade", () => {
  let moderator: Moderator;
  let whole: Guard;
  beforeAll(async () => {
    moderator = new Moderator(cascade, { scorer: { threads: 1 }, longInput: 2000 });
    whole = new Guard(cascade, {}, await openScorer(cascade.model, { threads: 1 }));
    await moderator.start();
  });
  afterAll(() => moderator.stop());

  test("answers at once what the first stage is sure of, and later what goes to the encoder", async () => {
    const quick = moderator.moderate([`a ${sure} day`, "a quiet day"]);
    expect(Array.isArray(quick)).toBe(true);
    const verdicts = await moderator.moderate([`a ${sure} day`, `a ${unsure} day`, "a quiet day", `a ${innocent} day`]);
    expect(verdicts.map((v) => v.state === "determined" && v.detected)).toEqual([true, true, false, false]);
    expect(verdicts.map(reasonOf)).toEqual(["determined", "escalated", "determined", "escalated"]);
    expect(moderator.counts).toEqual({ texts: 6, escalated: 2 });
  });

  test("reaches the verdicts of one guard with both stages, wherever they are reached: short, long, disguised", async () => {
    const words = [sure, unsure, innocent, "the", "house", "🙂", "zоrblаx", "q\u200buimpet", "\ud800"];
    const text = fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join(" "));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 8 }), fc.boolean(), async (texts, long) => {
        const all = long ? [...texts, `${"word ".repeat(500)}${unsure}`] : texts;
        expect(await moderator.moderate(all)).toEqual(whole.moderate(all));
      }),
      { numRuns: 60 },
    );
  });

  test("a text of which one disguised reading is unsure is escalated", async () => {
    const hidden = Buffer.from(`the quiet ${unsure} walked home and slept`).toString("base64");
    const [verdict] = await moderator.moderate([`Read this: ${hidden}`]);
    expect(verdict).toMatchObject({ state: "determined", detected: true, escalated: true, disguise: ["base64"] });
  });

  test("refuses a precision that the package lacks before anything starts", () => {
    expect(() => new Moderator(cascade, { scorer: { precision: "fp16" } })).toThrow(/no graph in fp16/);
  });
});

test("an encoder alone scores every text in the thread", async () => {
  const moderator = new Moderator(encoder, { scorer: { threads: 1 } });
  await moderator.start();
  const pending = moderator.moderate([`a ${unsure} day`, "a quiet day"]);
  expect(Array.isArray(pending)).toBe(false);
  expect((await pending).map((v) => v.state === "determined" && v.detected)).toEqual([true, false]);
  await moderator.stop();
  // Without its thread there is no verdict, and never a wrong one.
  expect((await moderator.moderate(["a quiet day"])).map(reasonOf)).toEqual(["overloaded"]);
});

test("an encoder whose files went away is told at the start, with its code, and leaves texts undetermined", async () => {
  const { model } = encoder;
  if (model.kind !== "encoder") throw new Error("not an encoder");
  const broken = new Moderator({ ...encoder, model: { ...model, dir: join(dir, "gone") } });
  await expect(broken.start()).rejects.toMatchObject({ name: "CordonError", code: "usage/missing-file" });
  expect((await broken.moderate(["a quiet day"])).map(reasonOf)).toEqual(["scorer-failed"]);
  await broken.stop();
});

test("under load: health and sure texts are answered while the encoder works, and what does not fit its queue is an error", async () => {
  const moderator = new Moderator(cascade, { scorer: { threads: 1 }, queue: 8 });
  await moderator.start();
  const server = buildServer(moderator, { state: "ready" }, SERVER_DEFAULTS);
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const post = (input: string) =>
    fetch(`${url}/v1/moderations`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ input }) });
  try {
    // Just below the length of long inputs, hundreds of windows each; more at once than the queue takes.
    const heavy = `${unsure} ${"word ".repeat(12_000)}`;
    const statuses: number[] = [];
    let going = true;
    const load = Array.from({ length: 12 }, async () => {
      while (going) {
        const { status } = await post(heavy);
        statuses.push(status);
        if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    const both = () => statuses.includes(200) && statuses.includes(429);
    await expect.poll(both, { interval: 5, timeout: 20_000 }).toBe(true);
    const before = statuses.filter((status) => status === 200).length;
    for (let i = 0; i < 20; i++) {
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
      const answer = (await (await post(i % 2 ? `a ${sure} day` : "a quiet day")).json()) as { results: { flagged: boolean }[] };
      expect(answer.results[0]!.flagged).toBe(i % 2 === 1);
    }
    going = false;
    await Promise.all(load);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    // The encoder worked all the while, and none of these waited for its queue of eight.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(before + 2);
    expect(moderator.counts.escalated).toBe(statuses.filter((status) => status === 200).length);
  } finally {
    await server.close();
    await moderator.stop();
  }
});
