// Against a server that answers like the hub: a model's list of files, redirects to a store, and its ways of failing.
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { FixtureHub, linkedTo, partsIn, status } from "#datasets/seeds/fixture-hub";
import { type HubSettings, hubSettings } from "#datasets/seeds/hub-request";
import { readCheckpoint } from "#models/encoder/checkpoint-folder";
import { parseEncoderConfig } from "#models/encoder/config";
import { wordPieceJson } from "#models/encoder/fixture-tokenizer";
import { safetensorsParts } from "#models/encoder/safetensors";
import { expectedTensors } from "#models/encoder/tensor-names";
import { elements, type Tensors } from "#models/encoder/tensors";
import { fetchModel, parseModelRef, resolvePretrained } from "./pretrained.ts";

const CONFIG = parseEncoderConfig(
  {
    model_type: "bert",
    vocab_size: 300,
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 64,
    max_position_embeddings: 16,
  },
  "fixture",
);
const TENSORS: Tensors = new Map(
  [...expectedTensors(CONFIG, 2)].map(([name, shape]) => [name, { shape, data: new Float32Array(elements(shape)).fill(0.5) }]),
);
const shard = (tensors: Tensors) => Buffer.concat([...safetensorsParts(tensors)]);
const WEIGHTS = shard(TENSORS);
const SMALL = { "config.json": Buffer.from(JSON.stringify(CONFIG)), "tokenizer.json": Buffer.from(JSON.stringify(wordPieceJson())) };
const SHA = createHash("sha1").update("first").digest("hex");

let hub: FixtureHub;
let cache = "";
/** The files of acme/tiny. */
let files: Record<string, Buffer> = {};
let sha = SHA;

const settings = (overrides: Partial<HubSettings> = {}) =>
  hubSettings({ cacheDir: cache, backoffMs: 1, idleMs: 2000, ...overrides }, { HF_ENDPOINT: hub.address, HF_TOKEN: "hf_secret" });
const fetchTiny = (overrides: Partial<HubSettings> = {}, ref = "hf:acme/tiny") => fetchModel(parseModelRef(ref), settings(overrides));

beforeAll(async () => {
  hub = await FixtureHub.start();
  hub.api = (path) => {
    if (!/^\/api\/models\/acme\/tiny\/revision\/(main|v1|refs%2Fpr%2F1)$/.test(path)) return undefined;
    return JSON.stringify({ sha, siblings: ["README.md", "onnx/model.onnx", ...Object.keys(files)].map((rfilename) => ({ rfilename })) });
  };
  hub.content = (path) => files[new RegExp(`^/acme/tiny/resolve/${sha}/([^/]+)$`).exec(path)?.[1] ?? ""];
  hub.linked = (path) => (path.endsWith(".safetensors") ? linkedTo(hub.content(path)!) : {});
});
afterAll(() => hub.close());
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "cordon-models-"));
  hub.reset();
  files = {
    ...SMALL,
    "tokenizer_config.json": Buffer.from("{}"),
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": Buffer.from("pickle"),
  };
  sha = SHA;
});
afterEach(() => rm(cache, { recursive: true }));

describe("fetchModel", () => {
  it("brings what is read of a model into a folder of its commit, and nothing else; the token goes to the hub alone", async () => {
    const dir = await fetchTiny();
    expect(dir).toBe(join(cache, "models/acme/tiny", SHA));
    const names = (await readdir(dir)).filter((name) => !name.endsWith(".note.json"));
    expect(names.sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]);
    expect((await readCheckpoint(dir)).tensors).toEqual(TENSORS);
    for (const { host, headers } of hub.seen) expect(headers.authorization).toBe(host === "hub" ? "Bearer hf_secret" : undefined);
  });

  it("asks for nothing again but what the revision stands for now, and offline for nothing at all", async () => {
    const dir = await fetchTiny();
    hub.reset();
    expect(await fetchTiny()).toBe(dir);
    expect(hub.seen.map((s) => s.path)).toEqual(["/api/models/acme/tiny/revision/main"]);
    hub.reset();
    expect(await fetchTiny({ offline: true })).toBe(dir);
    expect(await fetchTiny({ offline: true }, `hf:acme/tiny@${SHA}`)).toBe(dir);
    expect(hub.seen).toEqual([]);
  });

  it("keeps a folder for each commit", async () => {
    const first = await fetchTiny();
    sha = createHash("sha1").update("second").digest("hex");
    const second = await fetchTiny({}, "hf:acme/tiny@refs/pr/1");
    expect(second).not.toBe(first);
    expect((await readFile(join(first, "config.json"))).equals(SMALL["config.json"])).toBe(true);
  });

  it("goes on with a large file where the connection was cut, in the same run and in the next", async () => {
    delete files["tokenizer_config.json"];
    const served = [hub.serve, hub.serve]; // the small files
    const most = Math.floor(WEIGHTS.length / 2);
    hub.faults = [...served, hub.cutAfter(most, cache), ...Array.from({ length: 2 }, () => status(503))];
    await expect(fetchTiny({ attempts: 2 })).rejects.toMatchObject({
      code: "hub/failed",
      message: expect.stringContaining("acme/tiny/model.safetensors"),
    });
    expect(await partsIn(cache)).toHaveLength(1);
    hub.reset();
    hub.faults = [hub.cutAfter(1000, cache)];
    expect((await readCheckpoint(await fetchTiny())).tensors).toEqual(TENSORS);
    expect(hub.seen.filter((s) => s.host === "store").map((s) => s.headers.range)).toEqual([`bytes=${most}-`, `bytes=${most + 1000}-`]);
    expect(await partsIn(cache)).toEqual([]);
  });

  it("fetches the shards that an index names", async () => {
    const names = [...TENSORS.keys()];
    const half = (from: number, to: number) => shard(new Map(names.slice(from, to).map((name) => [name, TENSORS.get(name)!])));
    const map = Object.fromEntries(names.map((name, i) => [name, `model-0000${i < 9 ? 1 : 2}-of-00002.safetensors`]));
    files = {
      ...SMALL,
      "model-00001-of-00002.safetensors": half(0, 9),
      "model-00002-of-00002.safetensors": half(9, names.length),
      "model.safetensors.index.json": Buffer.from(JSON.stringify({ weight_map: map })),
    };
    expect((await readCheckpoint(await fetchTiny())).tensors).toEqual(TENSORS);
  });

  it("refuses weights that do not have the hub's SHA-256", async () => {
    const good = hub.linked;
    hub.linked = (path) => (path.endsWith(".safetensors") ? linkedTo(Buffer.from(WEIGHTS.toReversed())) : {});
    await expect(fetchTiny({ attempts: 2 })).rejects.toThrow("does not match the hub's SHA-256");
    hub.linked = good;
    expect((await readCheckpoint(await fetchTiny())).tensors).toEqual(TENSORS);
  });

  it("reads no pickle, and says what a model lacks", async () => {
    delete files["model.safetensors"];
    await expect(fetchTiny()).rejects.toMatchObject({
      code: "model/unsupported",
      message: expect.stringContaining("pickle (pytorch_model.bin)"),
    });
    expect(hub.seen).toHaveLength(1);
    delete files["tokenizer.json"];
    await expect(fetchTiny()).rejects.toMatchObject({
      code: "hub/not-found",
      message: expect.stringContaining("acme/tiny has no tokenizer.json"),
    });
  });

  it.each([
    [401, "hub/not-found", "HF_TOKEN is valid"],
    [403, "hub/failed", "accept its terms"],
    [404, "hub/not-found", "nothing of that name"],
  ])("a gated, hidden or missing model (%i) is one clear line and no retry", async (code, expected, what) => {
    hub.hubFaults = [status(code)];
    await expect(fetchTiny()).rejects.toMatchObject({ code: expected, message: expect.stringContaining(what) });
    expect(hub.seen).toHaveLength(1);
  });

  it("says so where the cache lacks a model or a file of it and nothing may be asked", async () => {
    await expect(fetchTiny({ offline: true })).rejects.toMatchObject({
      code: "hub/offline",
      message: expect.stringContaining("acme/tiny is not in the cache"),
    });
    const dir = await fetchTiny();
    await rm(join(dir, "model.safetensors"));
    await expect(fetchTiny({ offline: true })).rejects.toThrow("acme/tiny is not whole in the cache");
  });

  it("refuses a listing that is none", async () => {
    sha = "main";
    await expect(fetchTiny()).rejects.toThrow("list of files cannot be read");
  });
});

describe("resolvePretrained", () => {
  it("takes a folder as it is", async () => {
    expect(await resolvePretrained(cache)).toBe(cache);
    await expect(resolvePretrained(join(cache, "none"))).rejects.toMatchObject({ code: "usage/missing-file" });
  });

  it.each([
    ["hf:acme/tiny", { id: "acme/tiny", revision: "main" }],
    ["hf:acme/tiny@v1.0", { id: "acme/tiny", revision: "v1.0" }],
    ["hf:acme/tiny@refs/pr/1", { id: "acme/tiny", revision: "refs/pr/1" }],
    ["hf:bert-base-uncased", { id: "bert-base-uncased", revision: "main" }],
  ])("reads %s", (ref, expected) => {
    expect(parseModelRef(ref)).toEqual(expected);
  });

  it.each(["hf:", "hf:a/b/c", "hf:../etc", "hf:a/..", "hf:a/b@", "hf:a/b@../x", "hf:a/b?x", "hf:a/b@x y"])("refuses %s", (ref) => {
    expect(() => parseModelRef(ref)).toThrow(expect.objectContaining({ code: "usage/bad-option" }));
  });
});
