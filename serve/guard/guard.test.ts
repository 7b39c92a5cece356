import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixtureModel, FIXTURE_WORDS } from "./fixture-model.ts";
import { Guard } from "./guard.ts";
import { ScoringThread } from "./scoring-thread.ts";
import type { Determined, Verdict } from "./verdict.ts";

const words = [...Object.keys(FIXTURE_WORDS), "the", "house", "Straße", "日本", "…", "\ud800", "\u0000", "🙂"];
const text = fc.array(fc.constantFrom(...words), { maxLength: 400 }).map((parts) => parts.join(" "));

function determined(verdict: Verdict | undefined): Determined {
  if (verdict?.state !== "determined") throw new Error("no verdict");
  return verdict;
}

describe("Guard", () => {
  const guard = new Guard(fixtureModel());

  it("detects a word's labels, with the span of the window", () => {
    const [verdict] = guard.moderate(["a quiet zorblax walked home"]);
    const { detected, enforced, scores, label, span, threshold } = determined(verdict);
    expect({ detected, enforced, threshold }).toEqual({ detected: true, enforced: true, threshold: 0.5 });
    expect(["harmful", "violent-crimes"]).toContain(label);
    expect(span).toEqual({ start: 0, end: 27 });
    expect(guard.labels.filter((_, i) => scores[i]! > 0.5)).toEqual(["harmful", "violent-crimes"]);
  });

  it("finds a word far inside a long text", () => {
    const padding = "word ".repeat(5000);
    const { detected, span } = determined(guard.moderate([`${padding}zorblax ${padding}`])[0]);
    expect(detected).toBe(true);
    expect(span.start).toBeLessThanOrEqual(25_000);
    expect(span.end).toBeGreaterThanOrEqual(25_007);
    expect(span.end - span.start).toBeLessThan(2000);
  });

  it.each([
    ["look-alike characters", "a quiet zоrblаx walked", ["characters"]],
    ["invisible characters", "a quiet zor\u200bbl\u2060ax walked", ["characters"]],
    ["fullwidth letters", "ｚｏｒｂｌａｘ", ["characters"]],
    ["base64", `Read this: ${Buffer.from("the quiet zorblax walked home and slept").toString("base64")}`, ["base64"]],
    [
      "base64 in base64",
      Buffer.from(Buffer.from("the quiet zorblax walked home and slept").toString("base64")).toString("base64"),
      ["base64", "base64"],
    ],
  ])("sees through %s; the span is then the whole text", (_, disguised, disguise) => {
    const verdict = determined(guard.moderate([disguised])[0]);
    expect(verdict).toMatchObject({ detected: true, disguise, span: { start: 0, end: [...disguised].length } });
    const asIs = determined(new Guard(fixtureModel(), { asIs: true }).moderate([disguised])[0]);
    expect(asIs).toMatchObject({ detected: false, disguise: [] });
  });

  it("scores an ordinary text as it stands", () => {
    const plain = "a quiet zorblax walked home; see issue 4f2a9c1b77de and https://example.org/a?b=c%20d";
    expect(guard.moderate([plain])).toEqual(new Guard(fixtureModel(), { asIs: true }).moderate([plain]));
  });

  it("says of an empty text that nothing was detected", () => {
    expect(determined(guard.moderate([""])[0])).toMatchObject({ detected: false, enforced: false });
  });

  it("gives in a batch what it gives alone, in any order", () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (texts) => {
        const alone = texts.map((t) => guard.moderate([t])[0]);
        expect(guard.moderate(texts)).toEqual(alone);
        expect(guard.moderate(texts.toReversed()).toReversed()).toEqual(alone);
      }),
      { numRuns: 50 },
    );
  });

  it("takes the first label's threshold from the options", () => {
    const low = new Guard(fixtureModel(), { threshold: 0.001 });
    expect(determined(low.moderate(["nothing at all"])[0])).toMatchObject({ detected: true, label: "harmful", threshold: 0.001 });
    expect(low.thresholds[1]).toBe(0.5);
  });

  it("counts a score at the threshold as detected", () => {
    const score = determined(guard.moderate(["plain"])[0]).scores[0]!;
    expect(determined(new Guard(fixtureModel(), { threshold: score }).moderate(["plain"])[0]).detected).toBe(true);
  });

  it("detects but does not enforce in shadow", () => {
    const shadow = new Guard(fixtureModel(), { enforce: false });
    expect(determined(shadow.moderate(["zorblax"])[0])).toMatchObject({ detected: true, enforced: false });
  });

  it("decides by the package's aggregate", () => {
    const served = fixtureModel();
    served.manifest.aggregate = "mean";
    const diluted = `zorblax ${"word ".repeat(5000)}`;
    expect(determined(guard.moderate([diluted])[0]).detected).toBe(true);
    expect(determined(new Guard(served).moderate([diluted])[0]).detected).toBe(false);
  });

  it("never detects a label without a threshold, and refuses a first label without one", () => {
    const served = fixtureModel();
    delete served.manifest.thresholds["hate"];
    delete served.manifest.thresholds["threats"];
    const { scores, label } = determined(new Guard(served).moderate(["quimpet"])[0]);
    expect(scores[1]).toBeGreaterThan(0.9);
    expect(label).toBe("harmful");
    delete served.manifest.thresholds["harmful"];
    expect(() => new Guard(served)).toThrow(/no threshold for "harmful".*--threshold/);
    expect(new Guard(served, { threshold: 0.2 }).thresholds[0]).toBe(0.2);
  });

  it("has no verdict where a score is not a number", () => {
    const served = fixtureModel();
    served.weights.slope[0] = Number.NaN;
    expect(new Guard(served).moderate(["plain"])).toEqual([{ state: "undetermined", reason: "not-a-number" }]);
  });

  it("has no verdict where one window of many has no number, although another one's is the maximum", () => {
    const served = fixtureModel();
    served.weights.slope[0] = Infinity;
    // ∞ · 0 is not a number in the windows without the word; the word's own window is certain.
    expect(new Guard(served).moderate([`zorblax ${"word ".repeat(2000)}`])).toEqual([{ state: "undetermined", reason: "not-a-number" }]);
  });

  it("has no verdict where the scorer fails", () => {
    const served = fixtureModel();
    const broken = new Guard(served);
    Object.defineProperty(served.weights, "slope", {
      get: () => {
        throw new Error("gone");
      },
    });
    expect(broken.moderate(["plain"])).toEqual([{ state: "undetermined", reason: "scorer-failed" }]);
  });
});

describe("ScoringThread", () => {
  const served = fixtureModel();
  const guard = new Guard(served);
  const inputs = new ScoringThread(served, { queue: 3 });
  beforeAll(() => inputs.start());
  afterAll(() => inputs.stop());

  it("reaches the verdicts of the guard in the calling thread", async () => {
    const texts = ["zorblax", "", "word ".repeat(100_000), `${"word ".repeat(50_000)} quimpet`];
    expect(await inputs.moderate(texts)).toEqual(guard.moderate(texts));
  });

  it("leaves the event loop free", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const started = performance.now();
    await inputs.moderate(["some words and 1 number ".repeat(400_000)]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan((performance.now() - started) / 100);
  });

  it("is overloaded beyond its queue, and says so for every text", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => inputs.moderate(["a", "b"])));
    expect(answers.map((verdicts) => verdicts.map((v) => (v.state === "undetermined" ? v.reason : v.state)))).toEqual([
      ["determined", "determined"],
      ["determined", "determined"],
      ["determined", "determined"],
      ["overloaded", "overloaded"],
      ["overloaded", "overloaded"],
    ]);
  });

  it("has no verdict after its time limit, and goes on", async () => {
    const hasty = new ScoringThread(served, { timeoutMs: 20 });
    await hasty.start();
    const [late] = await hasty.moderate(["word ".repeat(4_000_000)]);
    expect(late).toEqual({ state: "undetermined", reason: "timed-out" });
    await hasty.stop();
    expect(await hasty.moderate(["a"])).toEqual([{ state: "undetermined", reason: "overloaded" }]);
  });

  it("has no verdict where the worker cannot run", async () => {
    const broken = fixtureModel();
    broken.manifest.thresholds = {};
    const inputs = new ScoringThread(broken);
    await expect(inputs.start()).rejects.toThrow();
    expect(await inputs.moderate(["zorblax"])).toEqual([{ state: "undetermined", reason: "scorer-failed" }]);
    await inputs.stop();
  });
});
