// The real command line: cordon run collapse over two generations, with an outside set.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spawnCordon } from "#scripts/spawn-cordon";

const folder = mkdtempSync(join(tmpdir(), "cordon-collapse-"));
afterAll(() => rmSync(folder, { recursive: true }));
const cordon = (...args: string[]) => spawnCordon(args, folder).ended;

const RECIPE = `name: small
description: A small grammar.
strategies:
  - {kind: grammar, chapters: [hate, privacy], act_variants: 1, post_variants: 1, pages: 10, prose: 10}
`;
beforeAll(() => writeFileSync(join(folder, "small.yaml"), RECIPE));

type Result = { source: string; generation: number; rows: number; auroc: Record<string, number> };

describe("cordon run collapse", () => {
  it("runs the loop with and without accumulation and writes results, a table and a report", async () => {
    const rows = Array.from({ length: 100 }, (_, n) => ({ text: n % 2 ? `They attack them ${n}` : `They greet them ${n}`, label: n % 2 }));
    writeFileSync(join(folder, "outside.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
    const { code, stdout, stderr } = await cordon(
      "run",
      "collapse",
      "--recipe",
      "small.yaml",
      "--generations",
      "2",
      "--rows",
      "500",
      "--eval",
      "outside.jsonl",
      "--out",
      "collapse",
    );
    expect([code, stderr.match(/\[.*\]/)]).toEqual([0, null]);
    const results = JSON.parse(readFileSync(join(folder, "collapse/results.json"), "utf8"));
    expect(results.generations.map((r: Result) => [r.source, r.generation, r.rows])).toEqual([
      ["first", 0, 500],
      ["fresh", 0, 500],
      ["replaced", 1, 500],
      ["replaced", 2, 500],
      ["accumulated", 1, 1000],
      ["accumulated", 2, 1500],
    ]);
    expect(Object.keys(results.generations[0].auroc)).toEqual(["held out", "outside"]);
    expect(readFileSync(join(folder, "collapse/results.csv"), "utf8").trim().split("\n")).toHaveLength(7);
    expect(readFileSync(join(folder, "collapse/report.html"), "utf8")).toContain("Loss on held-out text");
    expect(stdout).toMatch(/^replaced +2 +500 /m);
    expect(existsSync(join(folder, "collapse/accumulated/generation-2.jsonl"))).toBe(true);
    // The two begin with the same picks of the same first generation.
    const picks = (source: string) => readFileSync(join(folder, `collapse/${source}/generation-1.jsonl`), "utf8");
    expect(picks("replaced")).toBe(picks("accumulated"));
  });
});
