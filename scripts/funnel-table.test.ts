import { expect, test } from "vitest";
import { FunnelCounter } from "#datasets/gates/funnel";
import { funnelTable } from "./funnel-table.ts";

function counted(topics: number) {
  const counter = new FunnelCounter();
  for (let topic = 0; topic < topics; topic++) {
    for (const label of [0, 1] as const) {
      for (const strategy of ["constitution", "rephrase"]) {
        const cell = counter.number({ topic: `topic-${String(topic).padStart(2, "0")}`, label, strategy });
        for (let i = 0; i < 10; i++) counter.candidate(cell);
        if (label === 1) for (let i = 0; i <= topic % 10; i++) counter.drop(cell, "refusal");
        if (label === 0) counter.drop(cell, "near-duplicate");
      }
    }
  }
  return counter.funnel({ cells: [] });
}

test("sums by topic and by strategy, refusals worst first, and what is missing", () => {
  const lines = funnelTable(counted(3)).split("\n");
  expect(lines[0]).toBe("topic         side  candidates  refusal  near-duplicate  kept");
  expect(lines[2]).toBe("topic-00   harmful          20       -2               0    18");
  expect(lines[3]).toBe("topic-00  harmless          20        0              -2    18");
  expect(lines[8]).toBe("all                        120      -12              -6   102");
  expect(lines.slice(10, 16).map((line) => line.split(/\s{2,}/)[0])).toEqual([
    "strategy",
    "------------",
    "constitution",
    "constitution",
    "rephrase",
    "rephrase",
  ]);
  const refused = lines.indexOf("refused by the generator");
  expect(lines[refused + 3]).toMatch(/^topic-02 +constitution +harmful +3 of 10 +30 %$/);
  expect(lines[refused + 8]).toMatch(/^topic-00 +rephrase +harmful +1 of 10 +10 %$/);
  const missing = lines.indexOf("still missing");
  expect(lines[missing + 3]).toMatch(/^topic-02 +constitution +harmful +7 +- +3$/);
  expect(lines.every((line) => line.length <= 100)).toBe(true);
});

test("many cells: a bounded list, all of them where asked for", () => {
  const funnel = counted(40);
  expect(funnelTable(funnel)).toContain("… and 60 more cells (--funnel shows all, manifest.json has them)");
  const all = funnelTable(funnel, { all: true });
  expect(all).not.toContain("more cells");
  expect(all).toMatch(/^topic +strategy +side +candidates/);
  expect(all.match(/^topic-39 +rephrase +harmful +10 +-10 +0 +0$/m)).not.toBeNull();
});

test("a cell that the gates emptied lacks no number of rows that is known", () => {
  const counter = new FunnelCounter();
  const cell = counter.number({ topic: "hate", label: 1, strategy: "act" });
  counter.candidate(cell);
  counter.drop(cell, "duplicate");
  expect(funnelTable(counter.funnel({ cells: [] }))).toMatch(/^hate +act +harmful +0 +- +-$/m);
});

test("nothing refused, nothing missing: no such table", () => {
  const counter = new FunnelCounter();
  counter.candidate(counter.number({ topic: "hate", label: 1, strategy: "act" }));
  expect(funnelTable(counter.funnel({ cells: [] }))).not.toMatch(/refused|missing/);
});
