// The real command line: cordon run collapse, one generation of a small grammar. More of them: collapse.slow.test.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  it("measures the first rows, a fresh draw and a generation of picks, put in their place and beside them", async () => {
    const { code, stderr } = await cordon(
      "run",
      "collapse",
      "--recipe",
      "small.yaml",
      "--generations",
      "1",
      "--rows",
      "500",
      "--out",
      "out",
    );
    expect([code, stderr.match(/\[.*\]/)]).toEqual([0, null]);
    const { generations } = JSON.parse(readFileSync(join(folder, "out/results.json"), "utf8")) as { generations: Result[] };
    expect(generations.map(({ source, generation, rows }) => [source, generation, rows])).toEqual([
      ["first", 0, 500],
      ["fresh", 0, 500],
      ["replaced", 1, 500],
      ["accumulated", 1, 1000],
    ]);
  });
});
