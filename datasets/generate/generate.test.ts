import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { collect } from "#datasets/files/collect";
import { readObjects } from "#datasets/files/json-lines";
import { readExamples } from "#datasets/files/read-examples";
import { type Recipe, recipeHash, recipeSchema } from "#datasets/recipe";
import { splitOf } from "#datasets/splits";
import { gatesSchema } from "#datasets/gates/config";
import { GATES } from "#datasets/gates/gate";
import { DROPS_FILE, EXAMPLES_FILE } from "#datasets/gates/pass-gates";
import { GENERATION_FILE, generate, generateInto } from "./generate.ts";

const SUBJECTS = ["virology", "anatomy", "history"];
let folder: string;
let out: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-generate-"));
  await mkdir(join(folder, "mmlu"));
  for (const subject of SUBJECTS) {
    const lines = Array.from({ length: 30 }, (_, i) => `"Which ${subject} item is ${i}?",a${i},b${i},c${i},d${i},${"ABCD"[i % 4]}`);
    await writeFile(join(folder, "mmlu", `${subject}_test.csv`), `${lines.join("\n")}\n`);
  }
});
beforeEach(() => {
  out = join(folder, "out");
});
afterAll(() => rm(folder, { recursive: true }));

const recipe = (strategies: object[]): Recipe => recipeSchema.parse({ name: "small", description: "d", seed: 9, strategies });
const small = () =>
  recipe([
    { kind: "grammar", chapters: ["threats", "benign"], act_variants: 1, post_variants: 4, pages: 5, prose: 2 },
    {
      kind: "benchmark",
      seeds: "mmlu",
      from: "/nonexistent",
      format: "mmlu",
      harmful: ["virology"],
      passages_per_question: 2,
      passages_per_harmless_question: 0.5,
      license: "MIT",
    },
    { kind: "domain", domain: "microbiology", passages: 20 },
  ]);
const about = () => ({ seeds: { mmlu: join(folder, "mmlu") }, cordonVersion: "1.2.3", gitRevision: "abc" });
const bytes = async (name: string) => readFile(join(out, name));
// A failing test prints hashes, not texts.
const hashes = () => Promise.all([EXAMPLES_FILE, DROPS_FILE, GENERATION_FILE].map(async (name) => sha256(await bytes(name))));
const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");

describe("generate", () => {
  test("writes examples, drops and a manifest that add up", async () => {
    const { manifest, examples: path } = await generateInto(out, small(), about());
    expect((await readdir(out)).sort()).toEqual(["croissant.json", DROPS_FILE, EXAMPLES_FILE, GENERATION_FILE].sort());
    expect(path).toBe(join(out, EXAMPLES_FILE));
    const examples = await collect(readExamples(path));
    const drops = (await collect(readObjects(join(out, DROPS_FILE)))).map(
      ({ row }) => row as { id: string; gate: string; reason: string; strategy: string },
    );
    expect(isDeepStrictEqual(examples, (await generate(small(), about().seeds)).kept)).toBe(true);

    expect(manifest).toEqual(JSON.parse((await bytes(GENERATION_FILE)).toString()));
    expect(manifest).toMatchObject({
      format: 1,
      seeds: about().seeds,
      cordonVersion: "1.2.3",
      gitRevision: "abc",
      recipeSha256: recipeHash(small()),
    });
    expect(manifest.examplesSha256).toBe(sha256(await bytes(EXAMPLES_FILE)));
    expect(manifest.rows).toBe(examples.length);
    expect(manifest.harmful).toBe(examples.filter((row) => row.label === 1).length);
    expect(Object.values(manifest.splits).reduce((a, b) => a + b)).toBe(manifest.rows);
    const total = (counts: typeof manifest.counts.harmful) =>
      Object.values(counts)
        .flatMap(Object.values)
        .reduce((a: number, b: number) => a + b, 0);
    expect(total(manifest.counts.harmful)).toBe(manifest.harmful);
    expect(total(manifest.counts.harmless)).toBe(manifest.rows - manifest.harmful);
    expect(Object.keys(manifest.dropped)).toEqual([...GATES]);
    expect(Object.values(manifest.dropped).reduce((a, b) => a + b)).toBe(drops.length);

    expect(drops.length).toBeGreaterThan(0);
    for (const drop of drops)
      expect(drop).toMatchObject({
        id: expect.any(String),
        gate: expect.toBeOneOf([...GATES]),
        reason: expect.stringMatching(/.{10}/),
        strategy: expect.stringMatching(/\//),
      });
  });

  test("rows + drops = generated, by strategy and by hand", async () => {
    const { kept, drops } = await generate(small(), about().seeds);
    // 90 questions in three forms; 60 recombined of virology, 15 of each other subject, rounded by split.
    const benchmark = [...kept.map((r) => r.lineage!.ops[0]!.name), ...drops.map((d) => d.strategy)].filter((name) =>
      name.startsWith("benchmark/"),
    ).length;
    expect(Math.abs(benchmark - (270 + 60 + 30))).toBeLessThanOrEqual(4);
    const domain = [...kept, ...drops].filter((r) => r.id.startsWith("d-")).length;
    expect(domain).toBe(40);
    expect(kept.every((row) => row.split === splitOf(row))).toBe(true);
    expect(
      kept.filter((r) => r.source === "mmlu" && r.label === 1).every((r) => r.lineage!.seedIds.every((id) => id.includes("virology"))),
    ).toBe(true);
  });

  test("a second run gives identical bytes and replaces the first", async () => {
    await generateInto(out, small(), about());
    const first = await hashes();
    await generateInto(out, small(), about());
    expect(await hashes()).toEqual(first);
    expect((await readdir(folder)).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  test("a failure leaves no folder behind, or the older one as it was", async () => {
    await rm(out, { recursive: true, force: true });
    await expect(generateInto(out, small(), { ...about(), seeds: { mmlu: join(folder, "none") } })).rejects.toMatchObject({ exit: 2 });
    expect((await readdir(folder)).sort()).toEqual(["mmlu"]);
    await generateInto(out, small(), about());
    const before = await hashes();
    await writeFile(join(folder, "bad_test.csv"), "only,three,fields\n");
    await expect(generateInto(out, small(), { ...about(), seeds: { mmlu: join(folder, "bad_test.csv") } })).rejects.toMatchObject({
      code: "data/malformed-row",
      where: expect.stringMatching(/bad_test\.csv:1$/),
    });
    expect(await hashes()).toEqual(before);
    expect((await readdir(folder)).sort()).toEqual(["bad_test.csv", "mmlu", "out"]);
    await rm(join(folder, "bad_test.csv"));
  });

  test("a folder with something else in it is refused before anything is read", async () => {
    const foreign = join(folder, "foreign");
    await mkdir(foreign);
    await writeFile(join(foreign, "thesis.txt"), "years of work");
    const refused = generateInto(foreign, small(), { ...about(), seeds: { mmlu: join(folder, "none") } });
    await expect(refused).rejects.toMatchObject({ code: "usage/output-exists", exit: 2, where: foreign });
    expect(await readdir(foreign)).toEqual(["thesis.txt"]);
    await rm(foreign, { recursive: true });
  });

  test("a recipe of which no row is left writes nothing, and leaves what was there", async () => {
    await generateInto(out, small(), about());
    const before = await hashes();
    const none = { ...small(), gates: gatesSchema.parse({ min_characters: 15_000 }) };
    await expect(generateInto(out, none, about())).rejects.toMatchObject({
      code: "data/too-few-examples",
      message: expect.stringMatching(/^no row is left, so nothing is written; dropped by length \d+/),
    });
    expect(await hashes()).toEqual(before);
    const idle = recipe([{ kind: "dialogue", dialogues: 0 }]);
    await expect(generateInto(out, idle, { ...about(), seeds: {} })).rejects.toThrow("the recipe makes no row");
  });

  test("what a recipe misspells is told, not left out", async () => {
    await expect(generate(small(), { mmul: "x" })).rejects.toThrow("has no seeds named mmul (--seeds): it has mmlu");
    await expect(generate(recipe([{ kind: "grammar" }]), { mmlu: "x" })).rejects.toThrow("this recipe takes none");
    const subjects = { ...small(), strategies: [{ ...small().strategies[1]!, harmful: ["virolgy"] } as Recipe["strategies"][number]] };
    await expect(generate(subjects, about().seeds)).rejects.toThrow("no such subject: virolgy: there are anatomy, history, virology");
    await expect(generate(recipe([{ kind: "domain", domain: "nonsense" }]))).rejects.toThrow(
      "no such domain (nonsense): a file, or one of microbiology",
    );
  });
});
