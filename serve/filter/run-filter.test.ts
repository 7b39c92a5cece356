// Whole runs over real files, worker threads and a package on disk.
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadPackage, type ModelPackage, saveNgramPackage } from "#models/package";
import { ngramOf } from "#models/loaded-model";
import { NgramScorer } from "#models/ngram/scorer";
import { fixtureModel } from "#serve/guard/fixture-model";
import { FILTER_DEFAULTS, type FilterOptions, type FilterResult, runFilter } from "./run-filter.ts";

const dir = mkdtempSync(join(tmpdir(), "cordon-filter-"));
let model: ModelPackage;
beforeAll(async () => {
  const { weights, manifest } = fixtureModel(["harmful", "hate", "threats"]);
  const recall: [number, number][] = [
    [0.9, 0.9],
    [0.95, 0.2],
    [0.99, 0.1],
  ];
  await saveNgramPackage(join(dir, "model"), weights, { ...manifest, operatingPoints: { harmful: { recall, falsePositiveRate: [] } } });
  model = await loadPackage(join(dir, "model"));
});
afterAll(() => rmSync(dir, { recursive: true }));

const BAD_WORDS = ["zorblax", "quimpet", "plimsy"];
const row = (id: number) => {
  const words = Array.from({ length: 5 + ((id * 37) % 600) }, (_, i) => `w${Math.imul(id + 1, i + 7) % 500}`);
  if (id % 5 === 2) words.splice((id * 13) % words.length, 0, BAD_WORDS[id % 3]!);
  const text = words.join(" ") + (id % 3 === 0 ? "\n😀 “quoted” \\ \u0001 end" : "");
  return JSON.stringify({ id: `row-${id}`, source: "made up", text, metadata: { n: id, text: "inner" } });
};
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => row(from + i));
const textOf = (line: string) => (JSON.parse(line) as { text: string }).text;
/** As the model has it: some pairs of other words share a bucket with a bad one. */
const isHarmful = (line: string) => new NgramScorer(ngramOf(model.model)).scoreText(textOf(line)).max[0]! >= 0.5;

let runs = 0;
function inputs(files: Record<string, Uint8Array | string>): string {
  const input = join(dir, `in-${runs++}`);
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(input, name)), { recursive: true });
    writeFileSync(join(input, name), bytes);
  }
  return input;
}

const options = (input: string, more: Partial<FilterOptions> = {}): FilterOptions => ({
  ...FILTER_DEFAULTS,
  input: [input],
  out: join(dir, `out-${runs++}`),
  workers: 2,
  allLabels: false,
  resume: false,
  ...more,
});
const failures: string[] = [];
const filter = (o: FilterOptions): Promise<FilterResult> =>
  runFilter(o, model, { progress: () => {}, failed: (_, message) => failures.push(message), stalled: () => {} });

function lines(path: string): string[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : path.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes).toString();
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
const outputs = (out: string) =>
  globSync("**/*", { cwd: out })
    .filter((path) => statSync(join(out, path)).isFile())
    .sort();
/** Everything a run writes but what holds times. */
const contents = (out: string) =>
  Object.fromEntries(
    outputs(out)
      .filter((p) => !p.endsWith(".json"))
      .map((p) => [p, readFileSync(join(out, p), "base64")]),
  );

test("rows go to documents or removed as they stand, in order, and the attributes are what the scorer says", async () => {
  const all = rows(0, 400);
  const input = inputs({
    "a/x.jsonl.zst": zstdCompressSync(all.slice(0, 150).join("\n")),
    "b/x.jsonl.zst": Buffer.concat([
      zstdCompressSync(`${all.slice(150, 200).join("\n")}\n`),
      zstdCompressSync(`${all.slice(200, 250).join("\n")}\n`),
    ]),
    "b/x.jsonl.gz": gzipSync(all.slice(250, 300).join("\r\n")),
    "y.jsonl": `${all.slice(300).join("\n\n")}\n`,
  });
  const result = await filter(options(input, { threshold: 0.5, allLabels: true }));
  const scorer = new NgramScorer(ngramOf(model.model));
  const spans: Record<string, string[]> = {
    "a/x.jsonl.zst": all.slice(0, 150),
    "b/x.jsonl.zst": all.slice(150, 250),
    "b/x.jsonl.gz": all.slice(250, 300),
    "y.jsonl": all.slice(300),
  };
  for (const [name, expected] of Object.entries(spans)) {
    const trim = (line: string) => line.replace(/\r$/, "");
    expect(lines(join(result.out, "documents", name)).map(trim)).toEqual(expected.filter((line) => !isHarmful(line)));
    expect(lines(join(result.out, "removed", name)).map(trim)).toEqual(expected.filter(isHarmful));
    const attributes = lines(join(result.out, "attributes/cordon", name)).map(
      (line) => JSON.parse(line) as { id: string; source: string; attributes: Record<string, number[][]> },
    );
    expect(attributes.length).toBe(expected.length);
    for (const [i, { id, source, attributes: found }] of attributes.entries()) {
      const document = JSON.parse(expected[i]!) as { id: string; text: string };
      expect([id, source]).toEqual([document.id, "made up"]);
      const score = scorer.scoreText(document.text);
      const whole = [0, [...document.text].length];
      const near = (value: number) => expect.closeTo(value, 9) as number;
      for (const [l, label] of ["harmful", "hate", "threats"].entries()) {
        expect(found[`cordon__fixture__${label}`]).toEqual([[...whole, near(score.max[l]!)]]);
        expect(found[`cordon__fixture__${label}_span`]).toEqual([[score.start[l], score.end[l], near(score.max[l]!)]]);
        expect(found[`cordon__fixture__${label}_mean`]).toEqual([[...whole, near(score.mean[l]!)]]);
        expect(found[`cordon__fixture__${label}_topk`]).toEqual([[...whole, near(score.topK[l]!)]]);
      }
    }
  }
  const harmful = all.filter(isHarmful).length;
  expect(result.totals.rows).toEqual({ in: 400, kept: 400 - harmful, removed: harmful, failed: 0 });
  expect(result.totals.blankLines).toBe(99);
  expect(result.totals.chars.in).toBe(all.reduce((sum, line) => sum + [...textOf(line)].length, 0));
  expect(result.totals.histogram.reduce((a, b) => a + b)).toBe(400);
  expect(outputs(result.out).filter((path) => /partial|quarantine/.test(path))).toEqual([]);
  expect(JSON.parse(readFileSync(join(result.out, "ledger.json"), "utf8"))).toMatchObject({ threshold: 0.5, totals: result.totals });
});

test("one worker or three, one label or all: the same files", async () => {
  const input = inputs(
    Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`s${i}.jsonl.gz`, gzipSync(rows(i * 40, i * 40 + 40 + i).join("\n"))])),
  );
  const one = await filter(options(input, { threshold: 0.5, workers: 1, category: "hate" }));
  const three = await filter(options(input, { threshold: 0.5, workers: 3, category: "hate" }));
  expect(contents(three.out)).toEqual(contents(one.out));
  const all = await filter(options(input, { threshold: 0.5, category: "hate", allLabels: true, compression: "zst" }));
  expect(all.totals.rows).toEqual(one.totals.rows);
  expect(lines(join(all.out, "removed/s0.jsonl.zst"))).toEqual(lines(join(one.out, "removed/s0.jsonl.gz")));
});

test("rows that cannot be read go to quarantine, whole, and never to documents", async () => {
  const good = row(1);
  const bad: [Buffer, string][] = [
    [Buffer.from('{"id":"1","text":"plimsy"'), "not-json"],
    [Buffer.from('["plimsy"]'), "not-an-object"],
    [Buffer.from('{"id":"2"}'), "no-text"],
    [Buffer.from('{"id":"3","text":["plimsy"]}'), "text-not-a-string"],
    [Buffer.concat([Buffer.from('{"id":"4","text":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]), "not-utf8"],
    [Buffer.from(`{"id":"5","text":"${"x".repeat(3 << 20)}"}`), "too-long"],
    [Buffer.from(`{"id":"6","text":"${"x".repeat(900_000)}"}`), "too-long"],
  ];
  const parts = bad.flatMap(([bytes]) => [Buffer.from(`${good}\n`), bytes, Buffer.from("\n")]);
  const input = inputs({ "x.jsonl.gz": gzipSync(Buffer.concat(parts)), "empty.jsonl": "" });
  for (const rule of [{ threshold: 0.5 }, { maxRemoved: 0 }]) {
    const result = await filter(options(input, { ...rule, maxRowBytes: 800_000 }));
    expect(lines(join(result.out, "documents/x.jsonl.gz"))).toEqual(bad.map(() => good));
    const quarantine = lines(join(result.out, "quarantine/x.jsonl.gz")).map(
      (line) => JSON.parse(line) as { line: number; offset: number; bytes: number; reason: string; row: string },
    );
    const whole = Buffer.concat(parts);
    for (const [i, [bytes, reason]] of bad.entries()) {
      const { row: kept, ...found } = quarantine[i]!;
      expect(found).toEqual({ line: 2 * i + 2, offset: whole.indexOf(bytes), bytes: bytes.length, reason });
      expect(Buffer.from(kept, "base64").equals(bytes)).toBe(true);
    }
    expect(result.totals.rows).toEqual({ in: 14, kept: 7, removed: 0, failed: 7 });
    expect(result.totals.bytes.in).toBe(whole.length);
    expect(result.totals.failures).toEqual({
      "not-json": 1,
      "not-an-object": 1,
      "no-text": 1,
      "text-not-a-string": 1,
      "not-utf8": 1,
      "too-long": 2,
    });
    const attributes = lines(join(result.out, "attributes/cordon/x.jsonl.gz")).map(
      (line) => JSON.parse(line) as { id: string; failed?: string },
    );
    expect(attributes.map(({ failed }) => failed)).toEqual(bad.flatMap(([, reason]) => [undefined, reason]));
    expect(attributes[7]!.id).toBe("3");
    expect(existsSync(join(result.out, "quarantine/empty.jsonl"))).toBe(false);
  }
});

test("a damaged shard leaves nothing, the others are done, and --resume does it when it is mended", async () => {
  const packed = gzipSync(rows(0, 300).join("\n"));
  const input = inputs({
    "a.jsonl.gz": gzipSync(rows(300, 350).join("\n")),
    "b.jsonl.gz": packed.subarray(0, -200),
    "c.jsonl": rows(350, 360).join("\n"),
  });
  const o = options(input, { threshold: 0.5, workers: 1 });
  failures.length = 0;
  const first = await filter(o);
  expect(first.shards).toMatchObject({ total: 3, done: 2, failed: [{ shard: "b.jsonl.gz", message: failures[0] }] });
  expect(failures[0]).toMatch(/too early.*b\.jsonl\.gz, byte \d+/);
  expect(outputs(o.out).filter((path) => path.includes("b.jsonl"))).toEqual([]);

  // As if killed in between: what a dead process left is cleared away.
  writeFileSync(join(o.out, "documents/b.jsonl.gz.4194399.partial"), "half");
  writeFileSync(join(input, "b.jsonl.gz"), packed);
  const before = statSync(join(o.out, "documents/a.jsonl.gz")).mtimeMs;
  const second = await filter({ ...o, resume: true });
  expect(second.shards).toEqual({ total: 3, done: 1, skipped: 2, failed: [] });
  expect(statSync(join(o.out, "documents/a.jsonl.gz")).mtimeMs).toBe(before);
  const straight = await filter(options(input, { threshold: 0.5 }));
  expect(contents(o.out)).toEqual(contents(straight.out));
  expect(second.totals).toEqual(straight.totals);

  // A shard whose outputs were lost is done again.
  rmSync(join(o.out, "removed/a.jsonl.gz"));
  expect((await filter({ ...o, resume: true })).shards).toMatchObject({ done: 1, skipped: 2 });
});

test("a folder in use is refused, and so is another run's", async () => {
  const input = inputs({ "a.jsonl": rows(0, 20).join("\n") });
  const o = options(input, { threshold: 0.5 });
  await filter(o);
  await expect(filter(o)).rejects.toThrow(/not empty.*--resume/);
  await expect(filter({ ...o, resume: true, threshold: 0.6 })).rejects.toThrow("another rule");
  await expect(filter({ ...o, resume: true, aggregate: "mean" })).rejects.toThrow("another aggregate");
  await expect(filter({ ...o, resume: true, out: join(dir, "model") })).rejects.toThrow("no readable run.json");
});

test("--max-removed removes the highest scores, at most the share", async () => {
  const hot = rows(0, 100).filter(isHarmful);
  const mild = rows(0, 100).filter((line) => !isHarmful(line));
  const packed = gzipSync([...hot, ...hot].join("\n"));
  const input = inputs({ "a.jsonl.gz": gzipSync([...hot.slice(0, 4), ...mild].join("\n")), "b.jsonl.gz": packed.subarray(0, -8) });
  const o = options(input, { maxRemoved: 0.3, aggregate: "mean" });
  const first = await filter(o);
  expect(first.shards.failed.length).toBe(1);
  const scoresOf = (kind: string) => {
    const kept = new Set(lines(join(o.out, kind, "a.jsonl.gz")).map((line) => (JSON.parse(line) as { id: string }).id));
    const all = lines(join(o.out, "attributes/cordon/a.jsonl.gz")).map(
      (line) => JSON.parse(line) as { id: string; attributes: Record<string, number[][]> },
    );
    return all.filter(({ id }) => kept.has(id)).map(({ attributes }) => attributes["cordon__fixture__harmful"]![0]![2]!);
  };
  const { rows: counted } = first.totals;
  expect(counted.removed).toBeGreaterThan(0);
  expect(counted.removed).toBeLessThanOrEqual(0.3 * counted.in);
  expect(Math.min(...scoresOf("removed"))).toBeGreaterThanOrEqual(first.threshold!);
  expect(Math.max(...scoresOf("documents"))).toBeLessThan(first.threshold!);

  writeFileSync(join(input, "b.jsonl.gz"), packed);
  // Another input is another quantile: the old folder stays as it was.
  await expect(filter({ ...o, resume: true })).rejects.toThrow("another rule");
  const again = await filter({ ...o, out: `${o.out}-again` });
  expect(again.shards.failed).toEqual([]);
  const resumed = await filter({ ...o, out: `${o.out}-again`, resume: true });
  expect(resumed.shards).toMatchObject({ done: 0, skipped: 2 });
  expect(resumed.threshold).toBe(again.threshold);

  // The same threshold given outright makes the same files.
  const direct = await filter(options(input, { threshold: again.threshold!, aggregate: "mean" }));
  for (const kind of ["documents", "removed", "attributes/cordon"]) {
    for (const name of ["a.jsonl.gz", "b.jsonl.gz"])
      expect(lines(join(direct.out, kind, name))).toEqual(lines(join(`${o.out}-again`, kind, name)));
  }
});

test("--target-recall takes the nearest operating point that finds at least as much", async () => {
  const input = inputs({ "a.jsonl": rows(0, 20).join("\n") });
  expect((await filter(options(input, { targetRecall: 0.93 }))).threshold).toBe(0.2);
  await expect(filter(options(input, { targetRecall: 0.995 }))).rejects.toThrow("its highest is 0.99");
  await expect(filter(options(input, { targetRecall: 0.9, category: "hate" }))).rejects.toThrow("none for hate");
  await expect(filter(options(input, {}))).rejects.toThrow(/no threshold.*own threshold of harmful is 0\.5/);
  await expect(filter(options(input, { threshold: 0.1, maxRemoved: 0.1 }))).rejects.toThrow("more than one threshold");
  await expect(filter(options(input, { threshold: 0.1, category: "cats" }))).rejects.toThrow(/no label cats.*harmful, hate, threats/);
});

test("--scores-only writes the same attributes and splits nothing", async () => {
  const input = inputs({ "a.jsonl.gz": gzipSync(rows(0, 50).join("\n")), "b.jsonl": "broken\n" });
  const o = options(input, { scoresOnly: true });
  const result = await filter(o);
  expect(result.threshold).toBe(null);
  expect(result.totals.rows).toEqual({ in: 51, kept: 0, removed: 0, failed: 1 });
  expect(outputs(o.out).filter((path) => /^(documents|removed|ledger\/)/.test(path))).toEqual([]);
  const split = await filter(options(input, { threshold: 0.5 }));
  expect(lines(join(o.out, "attributes/cordon/a.jsonl.gz"))).toEqual(lines(join(split.out, "attributes/cordon/a.jsonl.gz")));
  expect((await filter({ ...o, resume: true })).shards).toEqual({ total: 2, done: 0, skipped: 2, failed: [] });
});

test("text and id may have other names; ids may be numbers or missing", async () => {
  const input = inputs({
    "a.jsonl": '{"key":7,"body":"fine"}\n{"body":"plimsy","key":"x\\"y"}\n{"body":"fine"}\n{"key":null,"body":"fine"}\n',
  });
  const { out, totals } = await filter(options(input, { threshold: 0.5, textField: "body", idField: "key", experiment: "exp-1" }));
  expect(totals.rows).toEqual({ in: 4, kept: 3, removed: 1, failed: 0 });
  const attributes = lines(join(out, "attributes/exp-1/a.jsonl")).map((line) => JSON.parse(line) as { id: string; attributes: object });
  expect(attributes.map(({ id }) => id)).toEqual(["7", 'x"y', "a.jsonl:3", "a.jsonl:4"]);
  expect(Object.keys(attributes[0]!.attributes)[0]).toBe("exp-1__fixture__harmful");
});

test("a rule that follows another label scores the same when its column is taken alone", async () => {
  const { weights, manifest } = fixtureModel(["harmful", "hate", "threats"]);
  const rules = { threats: { of: "hate", words: ["quimpet"] } };
  const to = join(dir, "ruled");
  cpSync(join(dir, "model"), to, { recursive: true });
  await saveNgramPackage(to, { ...weights, rules }, { ...manifest, architecture: { ...manifest.architecture, rules } });
  const ruled = await loadPackage(to);
  const input = inputs({ "a.jsonl": rows(0, 60).join("\n") });
  const events = { progress: () => {}, failed: () => {}, stalled: () => {} };
  const alone = await runFilter(options(input, { threshold: 0.5, category: "threats" }), ruled, events);
  const all = await runFilter(options(input, { threshold: 0.5, category: "threats", allLabels: true }), ruled, events);
  expect(alone.totals.rows.removed).toBeGreaterThan(0);
  expect(lines(join(alone.out, "removed/a.jsonl"))).toEqual(lines(join(all.out, "removed/a.jsonl")));
});
