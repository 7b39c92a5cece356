import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Question } from "#datasets/seeds/question";
import { splitOfSeed } from "#datasets/splits";
import { type BenchmarkOptions, FORMS, benchmarkExamples } from "./passages.ts";

const question = (i: number, subject: string): Question => ({
  id: `mmlu:${subject}:${i}`,
  question: i % 3 === 0 ? `Item ${i} of ${subject} is ____ in kind` : `Which kind is item ${i} of ${subject}?`,
  choices: [`wrong${i}a`, `wrong${i}b`, `right${i}x`, `wrong${i}c`],
  answer: 2,
  subject,
  source: "mmlu",
});
const questions = ["virology", "history"].flatMap((subject) => Array.from({ length: 60 }, (_, i) => question(i, subject)));
const OPTIONS: BenchmarkOptions = { seed: 3, passagesPerQuestion: 2, label: 1, categories: ["biological"], license: "MIT" };
const rows = (over: Partial<BenchmarkOptions> = {}, of: readonly Question[] = questions) => [
  ...benchmarkExamples(of, { ...OPTIONS, ...over }),
];
const form = (row: { lineage?: { ops: { name: string }[] } | undefined }) => row.lineage!.ops[0]!.name.replace("benchmark/", "");

describe("benchmark passages", () => {
  test("every question in three forms, and as many passages as were asked for", () => {
    const counts = Object.groupBy(rows(), form);
    for (const single of ["exam-question", "answer", "statement"]) expect(counts[single]).toHaveLength(120);
    const passages = ["lecture", "exam", "article"].map((f) => counts[f]?.length ?? 0);
    expect(passages.reduce((a, b) => a + b)).toBe(240);
    expect(Math.min(...passages)).toBeGreaterThan(40);
    expect(Object.keys(counts).every((name) => (FORMS as readonly string[]).includes(name))).toBe(true);
    expect(rows({ passagesPerQuestion: 0 })).toHaveLength(360);
  });

  test("answers and statements hold the right answer and no wrong one; exams hold every choice", () => {
    for (const row of rows()) {
      const items = row.lineage!.seedIds.map((id) => id.split(":").at(-1)!);
      if (form(row).startsWith("exam")) {
        for (const i of items) for (const choice of question(Number(i), "").choices) expect(row.text).toContain(choice);
      } else {
        for (const i of items) expect(row.text).toContain(`right${i}x`);
        expect(row.text).not.toContain("wrong");
      }
      if (form(row) !== "answer" && form(row) !== "exam-question" && form(row) !== "exam") expect(row.text).not.toContain("____");
    }
  });

  test("the answer stands in the place of the blank, as it is, whatever signs it holds", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((s) => s.trim() === s && !s.includes("_")),
        (answer) => {
          const [, , statement] = rows({}, [{ ...question(0, "x"), choices: ["no", answer], answer: 1 }]);
          expect(statement!.text.startsWith(`Item 0 of x is ${answer} in kind. `)).toBe(true);
        },
      ),
    );
    const money = rows({}, [{ ...question(0, "x"), choices: ["no", "$$5 or $&"], answer: 1 }]);
    expect(money[2]!.text).toContain("is $$5 or $& in kind");
  });

  test("questions are recombined inside a subject and a split only", () => {
    for (const row of rows()) {
      expect(new Set(row.lineage!.seedIds.map((id) => id.split(":")[1])).size).toBe(1);
      expect(new Set(row.lineage!.seedIds.map(splitOfSeed)).size).toBe(1);
      expect(new Set(row.lineage!.seedIds).size).toBe(row.lineage!.seedIds.length);
    }
    expect(rows().some((row) => row.lineage!.seedIds.length > 2)).toBe(true);
  });

  test("harmful rows leave other categories unknown, harmless rows know them; a question as it stands is not synthetic", () => {
    for (const row of rows()) expect([row.label, row.categories, row.unknown, row.license]).toEqual([1, ["biological"], ["*"], "MIT"]);
    for (const row of rows({ label: 0, categories: [] })) expect([row.label, row.categories, row.unknown]).toEqual([0, [], []]);
    for (const row of rows()) expect(row.synthetic).toBe(form(row) !== "exam-question");
  });

  test("the same seed gives the same rows, another one other passages", () => {
    expect(rows()).toEqual(rows());
    expect(rows({ seed: 4 }).map((r) => r.text)).not.toEqual(rows().map((r) => r.text));
    expect(rows({}, [])).toEqual([]);
  });

  test("choices beyond the fourth have letters too", () => {
    const many = { ...question(1, "x"), choices: Array.from({ length: 12 }, (_, i) => `c${i}`) };
    expect(rows({}, [many])[0]!.text).toMatch(/\nK\. c10\nL\. c11$/);
  });
});
