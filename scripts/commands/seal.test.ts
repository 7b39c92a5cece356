// Sealing through the real command line: a set that is sealed trains, and nothing of it lies on the disk in the clear.
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { spawnCordon } from "#scripts/spawn-cordon";

/** Stands in every text, and in nothing else. */
const MARK = "zorblax";
const TRAIN = ["--bits", "12", "--char-ngrams", "none", "--epochs", "2"];

let scratch = "";
const at = (...names: string[]) => join(scratch, ...names);
const cordon = (...args: string[]) => spawnCordon(args, scratch).ended;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-sealed-"));
  await mkdir(at("tmp"));
  const rows = Array.from({ length: 600 }, (_, i) => ({
    id: `r-${i}`,
    text: `${MARK} ${i % 2 === 0 ? "garden flowers grow" : "stolen wallets hidden"} number ${i}`,
    label: i % 2,
    categories: i % 2 === 0 ? [] : ["nonviolent-crimes"],
    lineage: { seedIds: [`seed/${i >> 2}`], parents: [], ops: [{ name: "given", version: 1 }] },
  }));
  await writeJsonl(at("examples.jsonl"), rows);
});
afterAll(() => rm(scratch, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** Files anywhere below the scratch folder that hold the mark. */
async function inTheClear(): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(scratch, { recursive: true })) {
    if ((await stat(at(name))).isFile() && (await readFile(at(name))).includes(MARK)) found.push(name);
  }
  return found.sort();
}

describe("a sealed set", () => {
  it("is made, trained on, measured, traced and exported, with no plain text on the disk", async () => {
    expect(await inTheClear()).toEqual(["examples.jsonl"]);
    const plain = await cordon("train", "--data", "examples.jsonl", "--out", "plain", ...TRAIN);
    expect(plain.code, plain.stderr).toBe(0);
    await rm(at("plain/README.md"));

    const made = await cordon("seal", "--new-key", "seal.key", "--json");
    expect(made.code, made.stderr).toBe(0);
    const { keyId } = JSON.parse(made.stdout) as { keyId: string };
    expect((await stat(at("seal.key"))).mode & 0o777).toBe(0o600);
    const sealed = await cordon("seal", "examples.jsonl", "--key-file", "seal.key", "--remove", "--json");
    expect(JSON.parse(sealed.stdout)).toMatchObject({ keyId, files: [{ sealed: "examples.jsonl.sealed", removed: true }] });
    expect(await inTheClear()).toEqual([]);

    vi.stubEnv("CORDON_SEAL_KEY_FILE", at("seal.key"));
    vi.stubEnv("TMPDIR", at("tmp"));
    const trained = await cordon("train", "--data", "*.jsonl.sealed", "--out", "model", ...TRAIN);
    expect(trained.code, trained.stderr).toBe(0);
    // The seal leaves no trace in what is learned.
    expect(await readFile(at("model/cordon.json"), "utf8")).toBe(await readFile(at("plain/cordon.json"), "utf8"));

    const measured = await cordon("eval", "--model", "model", "--data", "examples.jsonl.sealed", "--bootstrap", "0", "--json");
    expect(JSON.parse(measured.stdout)).toMatchObject({ sets: { examples: { n: 600 } } });
    const traced = await cordon("trace", "seed/7", "--data", "examples.jsonl.sealed");
    expect(traced.stdout).toMatch(/^seed seed\/7: 4 rows kept, 0 dropped/);
    const exported = await cordon(
      "export",
      "examples.jsonl.sealed",
      "--format",
      "promptfoo",
      "--include-harmful",
      "--out",
      "tests.yaml.sealed",
      "--json",
    );
    expect(JSON.parse(exported.stdout)).toMatchObject({ format: "promptfoo", records: 600, leftOut: {} });
    const again = await cordon("export", "promptfoo:tests.yaml.sealed", "--format", "parquet", "--out", "rows.parquet.sealed");
    expect(again.stdout).toMatch(/written as parquet +300\nharmful +300\n/);
    expect(await inTheClear()).toEqual([]);

    for (const { stdout, stderr } of [trained, measured, traced, exported, again]) expect(stdout + stderr).not.toContain(MARK);
    const shown = await cordon("trace", "r-30", "--data", "examples.jsonl.sealed", "--show-text");
    expect(shown.stdout).toContain(`"${MARK} garden flowers grow number 30"`);

    const opened = await cordon("unseal", "examples.jsonl.sealed", "--out", "clear");
    expect(opened.code, opened.stderr).toBe(0);
    expect(await inTheClear()).toEqual([join("clear", "examples.jsonl")]);
    await rm(at("clear"), { recursive: true });
  });

  it("is refused without its key, with another, and when it is damaged, in one line", async () => {
    const read = () => cordon("eval", "--model", "model", "--data", "examples.jsonl.sealed");
    const none = await read();
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringMatching(/^cordon: no key to seal or open with \(examples\.jsonl\.sealed\): .*\[seal\/no-key\]\n$/),
    ]);
    vi.stubEnv("CORDON_SEAL_KEY", "short");
    const short = await read();
    expect([short.code, short.stderr]).toEqual([2, expect.stringMatching(/^cordon: the key .*CORDON_SEAL_KEY.*\[seal\/no-key\]\n$/)]);
    vi.stubEnv("CORDON_SEAL_KEY", "ab".repeat(32));
    const wrong = await read();
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/^cordon: it was sealed with the key [0-9a-f]{16}, not with .*\[seal\/wrong-key\]\n$/),
    ]);

    const key = (await readFile(at("seal.key"), "utf8")).trim();
    vi.stubEnv("CORDON_SEAL_KEY", key);
    const stored = await readFile(at("examples.jsonl.sealed"));
    stored[2000]! ^= 1;
    await writeFile(at("examples.jsonl.sealed"), stored);
    const damaged = await read();
    expect([damaged.code, damaged.stderr]).toEqual([
      1,
      expect.stringMatching(/^cordon: the sealed data does not open: .*\(examples\.jsonl\.sealed\).*\[seal\/damaged\]\n$/),
    ]);
    for (const { stdout, stderr } of [none, short, wrong, damaged]) {
      expect(stdout).toBe("");
      expect(stderr).not.toContain(key);
    }
  });

  it("is what cordon generate --seal writes, and it trains like the plain one", async () => {
    await mkdir(at("quiz"));
    const questions = Array.from({ length: 40 }, (_, i) => `Which ${MARK} is number ${i}?,a,b,c,d${i},D\n`).join("");
    for (const subject of ["virology", "history"])
      await writeFile(at("quiz", `${subject}_test.csv`), questions.replaceAll("Which", subject));
    await writeFile(
      at("quiz.yaml"),
      "name: quiz\ndescription: d\nstrategies:\n  - {kind: benchmark, seeds: quiz, from: quiz, format: mmlu, harmful: [virology], license: MIT}\n",
    );
    const unkeyed = await cordon("generate", "--recipe", "quiz.yaml", "--seal", "--out", "set");
    expect([unkeyed.code, unkeyed.stderr]).toEqual([2, expect.stringMatching(/\[seal\/no-key\]\n$/)]);
    vi.stubEnv("CORDON_SEAL_KEY_FILE", at("seal.key"));
    vi.stubEnv("TMPDIR", at("tmp"));
    const before = await inTheClear();
    const made = await cordon("generate", "--recipe", "quiz.yaml", "--seal", "--out", "set", "--json");
    expect(made.code, made.stderr).toBe(0);
    expect((await readdir(at("set"))).sort()).toEqual(["croissant.json", "drops.jsonl", "examples.jsonl.sealed", "manifest.json"]);
    expect(await inTheClear()).toEqual(before);
    const plain = await cordon("generate", "--recipe", "quiz.yaml", "--out", "plain-set", "--json");
    expect(JSON.parse(made.stdout)).toEqual(JSON.parse(plain.stdout));
    const [sealedModel, plainModel] = await Promise.all(
      ["set/examples.jsonl.sealed", "plain-set/examples.jsonl"].map((data, i) =>
        cordon("train", "--data", data, "--out", `quiz-model-${i}`, ...TRAIN, "--json"),
      ),
    );
    expect(sealedModel!.code, sealedModel!.stderr).toBe(0);
    expect(JSON.parse(sealedModel!.stdout)).toEqual(JSON.parse(plainModel!.stdout));
  });

  it.each<[string, string[], RegExp]>([
    ["nothing to seal", ["seal"], /name either files to seal or --new-key/],
    ["both", ["seal", "seal.key", "--new-key", "x.key"], /name either files to seal or --new-key/],
    ["a key over a file", ["seal", "--new-key", "seal.key"], /never written over another file \(seal\.key\)/],
    ["a key file that is not there", ["seal", "seal.key", "--key-file", "no.key"], /\(no\.key\).*\[seal\/no-key\]/],
    ["a file that is not there", ["seal", "no.jsonl", "--key-file", "seal.key"], /no such file \(no\.jsonl\)/],
    ["unseal without --out", ["unseal", "examples.jsonl.sealed"], /--out/],
  ])("%s: one line, exit 2", async (_, args, message) => {
    const { code, stdout, stderr } = await cordon(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });
});
