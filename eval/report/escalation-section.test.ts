import { expect, test } from "vitest";
import type { EscalationPoint } from "#eval/escalation";
import { escalationSection } from "./escalation-section.ts";

test("shares that have one band are one label in the figure, the package's own, and all rows of the table", () => {
  const point = (share: number, cost: number): EscalationPoint => ({
    share,
    escalated: share / 2,
    auroc: 0.9,
    average_precision: 0.8 + share / 100,
    recall_at_fpr: 0.5,
    ms: cost / 100,
    cost,
  });
  const points = [point(0, 1), point(0.01, 1.5), point(0.02, 1.5), point(0.05, 1.5), point(0.1, 2.5), point(1, 12)];
  const page = escalationSection({ share: 0.05, sets: { traffic: points } }).text;
  const labels = /<svg.*?<\/svg>/s.exec(page)![0];
  const count = (share: number) => [labels, page].map((text) => text.split(`>${share} %<`).length - 1);
  expect(count(5)[0]).toBe(1);
  expect([count(1)[0], count(2)[0]]).toEqual([0, 0]);
  expect([0, 10, 100].map((share) => count(share)[0])).toEqual([1, 1, 1]);
  for (const share of [1, 2, 5]) expect(count(share)[1]).toBeGreaterThan(0);
});
