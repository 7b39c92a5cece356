// The real command line: cordon inspect, cordon eval --subgroups and cordon run collapse at a small size.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Example } from "#datasets/example";
import { Random } from "#models/random";
import { type Ended, spawnCordon } from "#scripts/spawn-cordon";

const folder = mkdtempSync(join(tmpdir(), "cordon-inspect-"));
afterAll(() => rmSync(folder, { recursive: true }));
const cordon = (...args: string[]): Promise<Ended> => spawnCordon(args, folder).ended;

const VERBS = ["praise", "greet", "invite", "visit", "paint", "follow", "answer", "join"];

/** Rows of eight to ten words around a group, which says nothing of the label; `words` bounds what else is said. */
function write(name: string, words: number, seed: number): void {
  const random = new Random(seed, "rows");
  const rows = Array.from({ length: 700 }, (_, i): Partial<Example> => {
    const label = (i % 2) as 0 | 1;
    const group = i % 10 < 4 ? random.pick(["Muslims", "Sikhs", "deaf people", "old people"]) : "neighbours";
    const rest = Array.from({ length: 10 }, () => `w${random.below(words)}`).join(" ");
    return { id: `r${i}`, text: `They ${label === 1 ? "attack" : random.pick(VERBS)} ${group} ${rest}`, label, categories: [] };
  });
  writeFileSync(join(folder, name), rows.map((row) => JSON.stringify(row)).join("\n"));
}

const FAST = ["--rows", "50", "--draws", "5", "--duplicate-rows", "200"];

beforeAll(() => {
  write("first.jsonl", 400, 1);
  write("second.jsonl", 400, 2);
  write("poor.jsonl", 20, 3);
});

describe("cordon inspect", () => {
  it("prints its figures, writes a report without a text in it, and exits 0 where no alarm rings", async () => {
    const { code, stdout } = await cordon(
      "inspect",
      "second.jsonl",
      "--against",
      "first.jsonl",
      "--eval",
      "first.jsonl",
      ...FAST,
      "--report",
      "out/report.html",
    );
    expect([code, stdout.trimEnd().split("\n").at(-1)]).toEqual([0, "no alarm"]);
    for (const word of ["self-BLEU", "Vendi before", "near duplicates", "rare n-grams left", "counterfactual gap", "BPSN", "sikh"]) {
      expect(stdout).toContain(word);
    }
    const page = readFileSync(join(folder, "out/report.html"), "utf8");
    expect(page).toContain("Vendi score by label and category");
    expect(`${stdout}${page}`).not.toMatch(/\bw\d+ w\d+\b/);
  });

  it("exits 1 with a line that names alarm, figure and threshold, against a set or its baseline", async () => {
    const first = await cordon("inspect", "first.jsonl", ...FAST, "--no-model", "--json");
    expect(first.code).toBe(0);
    writeFileSync(join(folder, "baseline.json"), first.stdout);
    const against = await cordon("inspect", "poor.jsonl", "--against", "first.jsonl", ...FAST, "--no-model");
    const baseline = await cordon("inspect", "poor.jsonl", "--baseline", "baseline.json", ...FAST, "--no-model");
    expect([against.code, baseline.code]).toEqual([1, 1]);
    expect(against.stdout).toMatch(/^ALARM {2}collapse: diversity of harmful is 0\.\d+, below 0\.95$/m);
    expect(against.stderr).toMatch(
      /^cordon: \d+ alarms ring \(.*collapse: survival of harmful is 0\.\d+, below 0\.9;.*\) \[inspect\/alarm\]$/m,
    );
    expect(baseline.stdout).toMatch(/^ALARM {2}collapse: diversity of harmful/m);
    expect(baseline.stdout).not.toContain("survival");
    const allowed = await cordon(
      "inspect",
      "poor.jsonl",
      "--baseline",
      "baseline.json",
      ...FAST,
      "--no-model",
      "--min-diversity",
      "0.1",
      "--max-compression",
      "9",
    );
    expect(allowed.code).toBe(0);
  });

  it("is JSON on request, the same for the same rows in another order", async () => {
    const lines = readFileSync(join(folder, "first.jsonl"), "utf8").split("\n");
    writeFileSync(join(folder, "shuffled.jsonl"), new Random(4).shuffle(lines).join("\n"));
    const [a, b] = await Promise.all(
      ["first", "shuffled"].map((name) => cordon("inspect", `${name}.jsonl`, ...FAST, "--no-model", "--json")),
    );
    const json = JSON.parse(a!.stdout);
    expect(json).toMatchObject({ rows: { harmful: 350, harmless: 350 }, model: null, against: null, alarms: [] });
    expect(JSON.parse(b!.stdout)).toEqual(json);
  });

  it("refuses two earlier sets, and a baseline of other settings", async () => {
    const both = await cordon("inspect", "poor.jsonl", "--against", "first.jsonl", "--baseline", "baseline.json");
    expect([both.code, both.stdout]).toEqual([2, ""]);
    const other = await cordon("inspect", "poor.jsonl", "--baseline", "baseline.json");
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/measured with rows 50, not 100/);
  });
});

describe("cordon eval --subgroups", () => {
  it("tells the AUCs of each group, which a bound can hold", async () => {
    const trained = await cordon("train", "--data", "first.jsonl", "--out", "model", "--labels", "harmful", "--bits", "12");
    expect(trained.code).toBe(0);
    const args = ["eval", "--model", "model", "--data", "second.jsonl", "--subgroups", "--bootstrap", "20"];
    const { code, stdout } = await cordon(...args, "--report", "eval.html", "--min", "second.subgroups.worst_below_mean>=-0.2");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sikh +\d+ +\d+ {2}[01]\.\d{3} \(/m);
    expect(readFileSync(join(folder, "eval.html"), "utf8")).toContain("Errors by group: second");
    const { subgroups } = JSON.parse((await cordon(...args, "--json")).stdout).sets.second;
    expect(subgroups.groups.map((group: { identity: string }) => group.identity)).toEqual(["muslim", "sikh", "deaf", "old"]);
    expect((await cordon(...args, "--min", "second.subgroups.worst_below_mean>=0.5")).code).toBe(1);
  });
});

describe("cordon run collapse", () => {
  it("runs the loop with and without accumulation and writes results, a table and a report", async () => {
    const recipe = `name: small\ndescription: A small grammar.\nstrategies:\n  - {kind: grammar, chapters: [hate, privacy], act_variants: 1, post_variants: 1, pages: 10, prose: 10}\n`;
    writeFileSync(join(folder, "small.yaml"), recipe);
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
      "second.jsonl",
      "--out",
      "collapse",
    );
    expect([code, stderr.match(/\[.*\]/)]).toEqual([0, null]);
    const results = JSON.parse(readFileSync(join(folder, "collapse/results.json"), "utf8"));
    type Result = { source: string; generation: number; rows: number; auroc: Record<string, number> };
    expect(results.generations.map((r: Result) => [r.source, r.generation, r.rows])).toEqual([
      ["first", 0, 500],
      ["fresh", 0, 500],
      ["replaced", 1, 500],
      ["replaced", 2, 500],
      ["accumulated", 1, 1000],
      ["accumulated", 2, 1500],
    ]);
    expect(Object.keys(results.generations[0].auroc)).toEqual(["held out", "second"]);
    expect(readFileSync(join(folder, "collapse/results.csv"), "utf8").trim().split("\n")).toHaveLength(7);
    expect(readFileSync(join(folder, "collapse/report.html"), "utf8")).toContain("Loss on held-out text");
    expect(stdout).toMatch(/^replaced +2 +500 /m);
    expect(existsSync(join(folder, "collapse/accumulated/generation-2.jsonl"))).toBe(true);
    // The two begin with the same picks of the same first generation.
    const picks = (source: string) => readFileSync(join(folder, `collapse/${source}/generation-1.jsonl`), "utf8");
    expect(picks("replaced")).toBe(picks("accumulated"));
  });
});
