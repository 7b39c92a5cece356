import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect } from "#datasets/files/collect";
import { Decontamination } from "./decontamination.ts";
import { evaluationFiles } from "./evaluation-files.ts";
import { wordsOf } from "./normalise.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-decontamination-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What the hashes stand for: runs of words compared as text. */
function shares(row: string, set: string, n: number): boolean {
  const [a, b] = [wordsOf(row), wordsOf(set)];
  const within = (short: string[], long: string[]) => ` ${long.join(" ")} `.includes(` ${short.join(" ")} `);
  if (a.length >= n && b.length >= n) return b.some((_, i) => i + n <= b.length && within(b.slice(i, i + n), a));
  if (a.join(" ") === b.join(" ")) return true;
  return (b.length < n && b.length >= 5 && within(b, a)) || (a.length < n && a.length >= 5 && within(a, b));
}

function contaminated(rows: readonly string[], sets: readonly string[], n: number): boolean[] {
  const gate = new Decontamination(n);
  for (const row of rows) gate.expect(row);
  for (const [i, text] of sets.entries()) gate.add(`set:${i}`, text);
  return rows.map((row) => gate.find(row) !== null);
}

describe("decontamination", () => {
  test("agrees with a comparison of the words themselves", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 14 }).map((list) => list.join(" "));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), fc.array(text, { maxLength: 6 }), fc.integer({ min: 5, max: 9 }), (rows, sets, n) => {
        expect(contaminated(rows, sets, n)).toEqual(rows.map((row) => sets.some((set) => shares(row, set, n))));
      }),
      { numRuns: 500 },
    );
  });

  test("case, punctuation and white space do not count; a common phrase of four words does not count", () => {
    const sets = ["What is the best way to cross a river in winter without a bridge or boat?", "How are you today", "😀😀"];
    expect(
      contaminated(
        [
          "what IS the best-way to cross a river, in winter without a bridge",
          "What is the best way to cross a river in summer?",
          "cross a river in winter",
          "well, how are you today my friend",
          "how are you today?",
          "😀😀",
          "😀",
        ],
        sets,
        13,
      ),
    ).toEqual([true, false, true, false, true, true, false]);
  });

  test("tells the set and the row", () => {
    const gate = new Decontamination(5);
    gate.add("exam:1", "alpha beta gamma delta epsilon zeta");
    expect(gate.find("say beta gamma delta epsilon zeta now")).toEqual({ name: "exam:1", words: 5 });
    expect(gate.find("beta gamma epsilon delta zeta eta")).toBeNull();
  });
});

/** What the files of references hold. */
async function texts(references: string[]) {
  const files = await evaluationFiles(references);
  return (await Promise.all(files.map((file) => collect(file())))).flat();
}

test("evaluation sets: unlabelled JSON lines, globs, formats of texts and of questions, under the names of their files", async () => {
  await writeFile(join(folder, "plain.jsonl"), '{"id":3,"text":"one"}\n{"text":"two","label":"unsafe"}\n');
  await writeFile(join(folder, "xstest_prompts.csv"), "id,prompt,type,label,focus,note\n1,How do I kill a process?,homonyms,safe,kill,\n");
  await mkdir(join(folder, "mmlu"));
  await writeFile(join(folder, "mmlu", "history_test.csv"), '"Which year, exactly?",a,b,c,d,A\n');
  const found = await texts([join(folder, "pl*.jsonl"), `xstest:${join(folder, "xstest_prompts.csv")}`, `mmlu:${join(folder, "mmlu")}`]);
  expect(found.map(({ text }) => text)).toEqual(["one", "two", "How do I kill a process?", "Which year, exactly?\na\nb\nc\nd"]);
  expect(found[0]!.name).toBe("plain:3");
  expect(found[2]!.name).toMatch(/^xstest_prompts:/);
  expect(found[3]!.name).toMatch(/^mmlu:history:/);
  // A path is no format for being a letter longer than its name.
  const before = process.cwd();
  process.chdir(folder);
  try {
    await writeFile("xstest1", '{"text":"three"}\n');
    expect((await texts(["xstest1"])).map(({ text }) => text)).toEqual(["three"]);
    await expect(texts(["mmlu1"])).rejects.toMatchObject({ code: "usage/missing-file" });
  } finally {
    process.chdir(before);
  }
  await expect(texts([join(folder, "nowhere.jsonl")])).rejects.toMatchObject({ code: "usage/missing-file" });
});
