import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { evaluateSet } from "#eval/evaluate";
import type { CapabilityRun } from "#eval/lm-eval";
import { probe } from "#eval/probe/probe";
import type { ScoredDocument } from "#eval/sweep/ledger";
import { sweep } from "#eval/sweep/sweep";
import { html } from "./html.ts";
import { percent, short, threshold, whole } from "./numbers.ts";
import { type ReportData, renderReport } from "./report.ts";

const NASTY = `<img src=x onerror="alert(1)">&'`;
const documents: ScoredDocument[] = Array.from({ length: 300 }, (_, i) => ({
  id: `d${i}`,
  source: i % 3 === 0 ? NASTY : "books",
  chars: 50,
  score: ((i * 0.618034) % 1) * (i % 5 === 0 ? 1 : 0.5),
  label: i % 5 === 0 ? 1 : 0,
}));
const run = (at: number | null, accuracy: number): CapabilityRun => ({
  threshold: at,
  files: ["results.json"],
  tasks: {
    wmdp_bio: { accuracy, stderr: 0.01, overChance: (accuracy - 0.25) / 0.75, n: 10 },
    mmlu: { accuracy: 0.45, stderr: null, overChance: 0.2, n: null },
  },
});
const texts = documents.map((d) => ({ ...d, text: new TextEncoder().encode(`SECRET text of ${d.label} ${d.id}`) }));
const swept = sweep(documents, { rule: { kind: "max-harmless-loss", limit: 0.05, unit: "documents" }, resamples: 20 });
const data: ReportData = {
  title: `Report ${NASTY}`,
  sweep: swept,
  failed: 3,
  probe: probe(texts, [0.2, swept.recommended!.threshold])!,
  capabilities: [run(null, 0.43), run(0.5, 0.3)],
  evaluation: {
    model: "m",
    label: "harmful",
    aggregate: "max",
    sets: {
      [NASTY]: evaluateSet(
        documents.map(({ score, label }) => ({ score, label: label! })),
        { resamples: 20 },
      ),
      benign: evaluateSet([{ score: 0.1, label: 0 }], { resamples: 0 }),
    },
  },
};
const page = renderReport(data);

describe("the report", () => {
  test("is one file that asks for nothing: no scripts, links, images or addresses", () => {
    expect(/<(script|link|img|iframe|object|use)\b/i.exec(page)).toBeNull();
    expect(/@import|url\(|https?:/i.exec(page)).toBeNull();
    expect(page.includes("default-src 'none'")).toBe(true);
  });

  test("escapes every name from outside", () => {
    expect(page.includes("<img")).toBe(false);
    expect(parseHTML(page).document.querySelector("h1")!.textContent).toBe(`Report ${NASTY}`);
  });

  test("holds no text of an example", () => {
    expect(page.includes("SECRET")).toBe(false);
  });

  test("every chart has a title and says what is seen; no NaN anywhere", () => {
    const { document } = parseHTML(page);
    const charts = [...document.querySelectorAll("svg")].filter((svg) => svg.getAttribute("role") === "img");
    expect(charts.length).toBeGreaterThan(10);
    for (const chart of charts) expect(chart.getAttribute("aria-label")!.length).toBeGreaterThan(20);
    for (const figure of document.querySelectorAll("figure")) expect(figure.querySelector("h3")!.textContent).not.toBe("");
    expect(/.{0,60}(NaN|undefined|Infinity|\[object).{0,60}/.exec(page.replaceAll("– is undefined", ""))?.[0]).toBeUndefined();
  });

  test("the same data give the same bytes", () => {
    expect(renderReport(data) === page).toBe(true);
  });

  test("parts without data are left out", () => {
    const bare = renderReport({
      title: "t",
      sweep: sweep(
        documents.map(({ id, source, chars, score }) => ({ id, source, chars, score })),
        { rule: { kind: "target-recall", limit: 0.9, unit: "characters" }, resamples: 0 },
      ),
    });
    expect(bare.includes("No threshold is recommended")).toBe(true);
    expect(bare.includes("Calibration</h3>")).toBe(false);
    expect(/NaN|\[object/.exec(bare)).toBeNull();
    expect(renderReport({ title: "t" }).includes("Limits")).toBe(true);
    expect(renderReport({ title: "t", evaluation: data.evaluation! }).includes("Flagged of benign")).toBe(true);
  });
});

test("numbers read plainly, and nothing is rounded to a bound that it does not reach", () => {
  expect([0, 1, 0.5, 0.12345, 0.0123, 0.00012, 0.99999].map(percent)).toEqual([
    "0 %",
    "100 %",
    "50.0 %",
    "12.3 %",
    "1.23 %",
    "0.012 %",
    "99.999 %",
  ]);
  expect([whole(1234567), short(20_400_000), threshold(0.123456), percent(null)]).toEqual(["1\u202f234\u202f567", "20.4 M", "0.1235", "–"]);
  expect(html`<b>${"<"}</b>${[html`<i></i>`, null]}`.text).toBe("<b>&#60;</b><i></i>");
});
