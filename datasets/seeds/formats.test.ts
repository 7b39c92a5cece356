import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { categoryState, exampleSchema, type Example } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { labelledFiles } from "#datasets/labelled-files";
import type { ColumnMapping } from "./generic.ts";
import { readQuestions, SEED_FORMATS, seedFormat } from "./index.ts";
import { questionSchema } from "./question.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-seeds-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
}

const questions = async (format: string, ref: string) => await collect(readQuestions(format, ref));
const texts = async (format: string, ref: string, mapping?: ColumnMapping) => {
  const files = await labelledFiles([`${format}:${ref}`], mapping);
  return (await Promise.all(files.map((file) => collect(file.read())))).flat();
};
const brief = (e: Example) => ({ id: e.id, label: e.label, categories: e.categories });

test("the table: names are unique, an unknown one lists them", () => {
  expect(new Set(SEED_FORMATS.map((f) => f.name)).size).toBe(SEED_FORMATS.length);
  expect(() => seedFormat("bbq")).toThrow(/no seed format "bbq".*mmlu, wmdp/);
});

test("mmlu: a folder of CSV files", async () => {
  await write("mmlu/test/virology_test.csv", '"What, in\r\nbrief?",a,b,"c ""d""",e,C\r\nNext?,1,2,3,4,A\r\n');
  await write("mmlu/dev/world_religions_dev.csv", "\uFEFFWhich?,1,2,3,4,D\n");
  await write("mmlu/README.txt", "not data");
  const all = await questions("mmlu", join(folder, "mmlu"));
  expect(all.map((q) => [q.subject, q.answer])).toEqual([
    ["world_religions", 3],
    ["virology", 2],
    ["virology", 0],
  ]);
  expect(all[1]).toMatchObject({ question: "What, in\nbrief?", choices: ["a", "b", 'c "d"', "e"], source: "mmlu" });
  expect(all[0]!.question).toBe("Which?");
  for (const question of all) expect(questionSchema.parse(question)).toEqual(question);
});

test("mmlu and wmdp: rows of the hub, in JSON lines, JSON and Parquet, give the same questions and ids", async () => {
  const rows = [
    { question: "Q1", subject: "anatomy", choices: ["a", "b", "c", "d"], answer: 2 },
    { question: "Q2", subject: "astronomy", choices: ["a", "b", "c", "d"], answer: 0 },
  ];
  const text = { type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" } as const;
  const parquet = parquetWriteBuffer({
    schema: [
      { name: "root", num_children: 4 },
      { name: "question", ...text },
      { name: "subject", ...text },
      // A list of three levels, as the hub writes it.
      { name: "choices", repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", ...text },
      { name: "answer", type: "INT64", repetition_type: "OPTIONAL" },
    ],
    columnData: [
      { name: "question", data: rows.map((r) => r.question) },
      { name: "subject", data: rows.map((r) => r.subject) },
      { name: "choices", data: rows.map((r) => r.choices) },
      { name: "answer", data: rows.map((r) => BigInt(r.answer)) },
    ],
  });
  const paths = [
    await write("m.jsonl", rows.map((r) => JSON.stringify(r)).join("\n")),
    await write("m.json", JSON.stringify(rows)),
    await write("m.parquet", new Uint8Array(parquet)),
    await write("old.jsonl.gz", gzipSync(rows.map((r) => JSON.stringify({ train: { ...r, answer: "ABCD"[r.answer] } })).join("\n"))),
  ];
  const [first, ...others] = await Promise.all(paths.map((path) => questions("mmlu", path)));
  expect(first!.map((q) => [q.subject, q.answer])).toEqual([
    ["anatomy", 2],
    ["astronomy", 0],
  ]);
  for (const other of others) expect(other).toEqual(first);
});

test.each([
  ["wmdp-bio/test/wmdp-00000-of-00001.json", "wmdp-bio", "biological"],
  ["chem_questions.json", "wmdp-chem", "chemical"],
  ["x/wmdp_cyber.json", "wmdp-cyber", "cyber"],
  ["biography.json", "wmdp", undefined],
])("wmdp: %s is %s", async (name, subject, category) => {
  const path = await write(name, JSON.stringify([{ answer: 1, choices: ["a", "b", "c", "d"], question: "Q" }]));
  expect(await questions("wmdp", path)).toEqual([expect.objectContaining({ subject, source: "wmdp", answer: 1 })]);
  expect((await questions("wmdp", path))[0]!.category).toBe(category);
});

test.each([
  ["a_test.csv", "Q,a,b,c,A\n", "5 fields instead of 6"],
  ["b_test.csv", "Q,a,b,c,d,E\n", "answer is not one of the 4 choices"],
  ["c_test.csv", " ,a,b,c,d,A\n", "question is missing"],
  ["d.jsonl", '{"question":"Q","choices":["a",1],"answer":0}', "choices are not a list of texts"],
  ["e.jsonl", '{"question":"Q","choices":["a","b"],"answer":true}', "answer is not one of"],
])("mmlu: %s is refused with its line", async (name, content, what) => {
  await expect(questions("mmlu", await write(`bad/${name}`, content))).rejects.toMatchObject({
    code: "data/malformed-row",
    message: expect.stringMatching(new RegExp(`${what}.*${name}:1`)),
  });
});

test("harmbench: harmful, with its context and its category", async () => {
  const path = await write(
    "harmbench.csv",
    'Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID\nDo one,standard,cybercrime_intrusion,,,one\nDo two,contextual,chemical_biological,context,"Given, this",two\n',
  );
  const [one, two] = await texts("harmbench", path);
  expect(one).toMatchObject({ id: "harmbench:one", text: "Do one", label: 1, categories: ["cyber"], unknown: ["*"] });
  expect(two).toMatchObject({ text: "Given, this\n\n---\n\nDo two", label: 1, categories: [], unknown: ["*"] });
});

test("xstest: safe prompts hold nothing; the first version's label comes from the type", async () => {
  const path = await write(
    "xstest.csv",
    "id,prompt,type,label,focus,note\n1,p1,homonyms,safe,f,n\n2,p2,contrast_homonyms,unsafe,,\n3,p3,contrast_discr,unsafe,,\n",
  );
  const all = await texts("xstest", path);
  expect(all.map(brief)).toEqual([
    { id: "xstest:1", label: 0, categories: [] },
    { id: "xstest:2", label: 1, categories: [] },
    { id: "xstest:3", label: 1, categories: ["hate"] },
  ]);
  expect(all[0]!.unknown).toEqual([]);
  const old = await write("xstest-v1.csv", "id,type,prompt\nv1-1,homonyms,p\nv1-2,contrast_homonyms,p\n");
  expect((await texts("xstest", old)).map((e) => e.label)).toEqual([0, 1]);
  await expect(texts("xstest", await write("wrong.csv", "id,prompt,type,label\n1,p,t,SECRET\n"))).rejects.toThrow(
    /label is none of safe, unsafe \(.*wrong\.csv:2\)/,
  );
});

test("hatecheck: gold is about hate; insults outside protected groups are harassment", async () => {
  const path = await write(
    "hatecheck.csv",
    ",functionality,case_id,test_case,label_gold,target_ident\n0,derog_neg_emote_h,1,t,hateful,women\n1,threat_dir_h,2,t,hateful,\n2,profanity_nh,3,t,non-hateful,\n3,target_indiv_nh,4,t,non-hateful,\n",
  );
  const all = await texts("hatecheck", path);
  expect(all.map(brief)).toEqual([
    { id: "hatecheck:1", label: 1, categories: ["hate"] },
    { id: "hatecheck:2", label: 1, categories: ["hate", "threats"] },
    { id: "hatecheck:3", label: 0, categories: [] },
    { id: "hatecheck:4", label: 1, categories: ["harassment"] },
  ]);
  expect(all.map((e) => categoryState(e, "hate"))).toEqual([1, 1, 0, 0]);
});

test("openai-1680: a missing key is unknown", async () => {
  const rows = [
    { prompt: "a", S: 0, H: 1, V: 0, HR: 0, SH: 0, S3: 0, H2: 0, V2: 0 },
    { prompt: "b", S: 0 },
    { prompt: "c", V: 1, V2: 0 },
    { prompt: "d", H2: 1 },
  ];
  const all = await texts("openai-1680", await write("samples-1680.jsonl.gz", gzipSync(rows.map((r) => JSON.stringify(r)).join("\n"))));
  expect(all.map((e) => e.label)).toEqual([1, 0, 1, 1]);
  const states = (e: Example) =>
    (["hate", "sexual-content", "threats", "graphic-violence", "self-harm", "cyber"] as const).map((c) => categoryState(e, c));
  expect(all.map(states)).toEqual([
    [1, 0, 0, 0, 0, -1],
    [-1, 0, -1, -1, -1, -1],
    [-1, -1, -1, 0, -1, -1],
    [1, -1, 1, -1, -1, -1],
  ]);
  await expect(texts("openai-1680", await write("bad.jsonl", '{"prompt":"a","S":2}'))).rejects.toThrow("S is neither 0 nor 1");
});

test("generic: columns, label values, categories of several shapes", async () => {
  const path = await write("mine.csv", "key,body,verdict,kind\nk1,t1,Toxic,cyber|S10\nk2,t2,ok,\nk3,t3,toxic,poison; other\n");
  const mapping = {
    text: "body",
    label: "verdict",
    labelValues: { toxic: 1, ok: 0 },
    category: "kind",
    categoryValues: { Poison: "chemical" },
    id: "key",
  } as const;
  const all = await texts("generic", path, mapping);
  expect(all.map(brief)).toEqual([
    { id: "k1", label: 1, categories: ["hate", "cyber"] },
    { id: "k2", label: 0, categories: [] },
    { id: "k3", label: 1, categories: ["chemical"] },
  ]);
  expect(all.map((e) => e.source)).toEqual(["mine", "mine", "mine"]);

  const pku = await write("pku-saferlhf.jsonl", '{"text":"t","label":true,"harm":{"Cybercrime":true,"Violence":false}}\n');
  const [row] = await texts("generic", pku, { category: "harm" });
  expect(row).toMatchObject({ label: 1, categories: ["cyber"] });
  expect(categoryState(row!, "hate")).toBe(0);

  const plain = await write("plain.jsonl", '{"prompt":"t"}\n');
  expect(await texts("generic", plain, { text: "prompt", constantLabel: 0, source: "alpaca-5000" })).toMatchObject([
    { label: 0, unknown: [], source: "alpaca-5000" },
  ]);
});

test.each([
  [{}, "there is no column text"],
  [{ text: "body" }, "there is no column label"],
  [{ text: "body", label: "note" }, "note is no known label"],
  [{ text: "body", constantLabel: 1, id: "key" }, "key holds no id"],
])("generic: a mapping that does not fit is told with line and column: %j", async (mapping, what) => {
  const path = await write("odd.csv", "body,note,key\nSECRET,SECRET,\n");
  const error = (await texts("generic", path, mapping as ColumnMapping).catch((e: unknown) => e)) as Error;
  expect(error.message).toContain(what);
  expect(error.message).toContain("odd.csv:2");
  expect(error.message).not.toContain("SECRET");
});

test("generic: a mapping with an unknown key is a usage error; questions and texts are not mixed up", async () => {
  await expect(texts("generic", await write("one.csv", "text,label\na,1\n"), { txt: "a" } as ColumnMapping)).rejects.toMatchObject({
    code: "usage/bad-option",
  });
  await expect(questions("xstest", folder)).rejects.toThrow("holds texts");
  await expect(questions("xstest", folder)).rejects.toThrow("holds texts");
});

test("every example of every reader fits the schema", async () => {
  for (const [format, file] of [
    ["harmbench", "harmbench.csv"],
    ["xstest", "xstest.csv"],
    ["hatecheck", "hatecheck.csv"],
    ["openai-1680", "samples-1680.jsonl.gz"],
  ] as const) {
    for (const example of await texts(format, join(folder, file))) expect(exampleSchema.parse(example)).toEqual(example);
  }
});

const data = "../shared/data/mmlu";
test.skipIf(!existsSync(data))("all of MMLU reads (skipped without the data)", async () => {
  const all = await questions("mmlu", data);
  expect(new Set(all.map((q) => q.subject)).size).toBe(55);
  expect(all.every((q) => q.choices.length === 4)).toBe(true);
  expect(all.length).toBeGreaterThan(14_000);
});
