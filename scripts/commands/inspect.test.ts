// The real command line: cordon inspect and cordon eval --subgroups at a small size.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

  it("says how rows of one label can be measured all the same", async () => {
    const rows = readFileSync(join(folder, "first.jsonl"), "utf8").split("\n");
    writeFileSync(join(folder, "harmful.jsonl"), rows.filter((row) => row.includes('"label":1')).join("\n"));
    const [refused, measured] = await Promise.all([[], ["--no-model"]].map((more) => cordon("inspect", "harmful.jsonl", ...FAST, ...more)));
    expect([refused!.code, measured!.code]).toEqual([1, 0]);
    expect(refused!.stderr).toMatch(/^cordon: 0 harmless examples in .*, or say --no-model \[data\/too-few-examples\]$/m);
  });

  it("exits 1 with a line that names alarm, figure and threshold, against a set or its baseline", async () => {
    const first = await cordon("inspect", "first.jsonl", ...FAST, "--no-model", "--json");
    expect(first.code).toBe(0);
    writeFileSync(join(folder, "baseline.json"), first.stdout);
    const [against, baseline] = await Promise.all(
      ["--against=first.jsonl", "--baseline=baseline.json"].map((earlier) =>
        cordon("inspect", "poor.jsonl", earlier, ...FAST, "--no-model"),
      ),
    );
    expect([against!.code, baseline!.code]).toEqual([1, 1]);
    expect(against!.stdout).toMatch(/^ALARM {2}collapse: diversity of harmful is 0\.\d+, below 0\.95$/m);
    expect(against!.stderr).toMatch(
      /^cordon: \d+ alarms ring \(.*collapse: survival of harmful is 0\.\d+, below 0\.9;.*\) \[inspect\/alarm\]$/m,
    );
    expect(baseline!.stdout).toMatch(/^ALARM {2}collapse: diversity of harmful/m);
    expect(baseline!.stdout).not.toContain("survival");
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
    const shuffled = await cordon("inspect", "shuffled.jsonl", ...FAST, "--no-model", "--json");
    const json = JSON.parse(readFileSync(join(folder, "baseline.json"), "utf8"));
    expect(json).toMatchObject({ rows: { harmful: 350, harmless: 350 }, model: null, against: null, alarms: [] });
    expect(JSON.parse(shuffled.stdout)).toEqual(json);
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
    const missed = await cordon(...args, "--json", "--min", "second.subgroups.worst_below_mean>=0.5");
    expect(missed.code).toBe(1);
    const { subgroups } = JSON.parse(missed.stdout).sets.second;
    expect(subgroups.groups.map((group: { identity: string }) => group.identity)).toEqual(["muslim", "sikh", "deaf", "old"]);
  });
});
