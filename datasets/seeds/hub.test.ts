// Against a server that answers like the hub: a listing, redirects to a store on another host, and its ways of failing.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { FixtureHub, type Handler, linkedTo, partsIn, status } from "./fixture-hub.ts";
import { hubSettings, type HubSettings } from "./hub-request.ts";
import { fetchDataset, parseHubRef } from "./hub.ts";
import { resolveSeed } from "./resolve.ts";

const CONTENT = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * 7919) % 251));

let hub: FixtureHub;
let cache = "";
let linked: Record<string, string> = {};
let content = CONTENT;

const settings = (overrides: Partial<HubSettings> = {}) =>
  hubSettings({ cacheDir: cache, backoffMs: 1, idleMs: 2000, ...overrides }, { HF_ENDPOINT: hub.address, HF_TOKEN: "hf_secret" });
const fetchOne = async (overrides: Partial<HubSettings> = {}, ref = "hf:cais/wmdp/wmdp-bio:test") =>
  await fetchDataset(parseHubRef(ref), settings(overrides));
const cutAfter = (bytes: number) => hub.cutAfter(bytes, cache);

beforeAll(async () => {
  hub = await FixtureHub.start();
  hub.api = (path) => {
    if (path !== "/api/datasets/cais/wmdp/parquet") return undefined;
    const file = (config: string) => ({ test: [`https://huggingface.co/api/datasets/cais/wmdp/parquet/${config}/test/0.parquet`] });
    return JSON.stringify({ "wmdp-bio": file("wmdp-bio"), "wmdp-chem": file("wmdp-chem"), "..": { "..": [] } });
  };
  hub.content = (path) => (path.endsWith(".parquet") ? content : undefined);
  hub.linked = () => linked;
});

afterAll(() => hub.close());

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "cordon-hub-"));
  hub.reset();
  linked = linkedTo(CONTENT);
  content = CONTENT;
});

afterEach(() => rm(cache, { recursive: true }));

const intact = async (paths: string[]) => (await readFile(paths[0]!)).equals(CONTENT);
const failure = async (promise: Promise<unknown>) =>
  (await promise.then(
    () => expect.fail("it did not fail"),
    (e: unknown) => e,
  )) as Error & { code: string };
const leftovers = () => partsIn(cache);

test("a file comes through the redirect into the cache; the token goes to the hub alone", async () => {
  const paths = await fetchOne();
  expect(paths).toEqual([join(cache, "datasets/cais/wmdp/wmdp-bio/test/wmdp-00000-of-00001.parquet")]);
  expect(await intact(paths)).toBe(true);
  expect(hub.seen.map((s) => [s.host, s.headers.authorization])).toEqual([
    ["hub", "Bearer hf_secret"],
    ["hub", "Bearer hf_secret"],
    ["store", undefined],
  ]);
  expect(await leftovers()).toEqual([]);
});

test("what is cached and current is not fetched again, with or without the redirect's tag", async () => {
  await fetchOne();
  hub.seen = [];
  await fetchOne();
  expect(hub.seen.map((s) => s.host)).toEqual(["hub", "hub"]);

  linked = {};
  hub.seen = [];
  await fetchOne();
  expect(hub.seen.at(-1)).toMatchObject({ host: "store", headers: { "if-none-match": expect.any(String) } });
});

test("what has changed on the hub is fetched again, a damaged copy too", async () => {
  const [path] = await fetchOne();
  content = Buffer.from("a new version");
  linked = {};
  await fetchOne();
  expect((await readFile(path!)).toString()).toBe("a new version");
  await writeFile(path!, "short");
  await fetchOne();
  expect((await readFile(path!)).toString()).toBe("a new version");
});

test("a cut connection is resumed where it stopped, again and again", async () => {
  hub.faults = [cutAfter(100_000), cutAfter(100_000), cutAfter(50_000)];
  const told: string[] = [];
  expect(await intact(await fetchOne({ attempts: 2, notify: (line) => told.push(line) }))).toBe(true);
  const ranges = hub.seen.filter((s) => s.host === "store").map((s) => s.headers.range);
  expect(ranges).toEqual([undefined, "bytes=100000-", "bytes=200000-", "bytes=250000-"]);
  expect(told[0]).toMatch(/cais\/wmdp\/wmdp-bio:test \(file 1 of 1\): the connection was cut.*again in/);
});

test("a download given up is resumed by the next one", async () => {
  hub.faults = [cutAfter(150_000), ...Array.from({ length: 3 }, () => status(503))];
  const error = await failure(fetchOne({ attempts: 3 }));
  expect(error).toMatchObject({ code: "hub/failed", message: expect.stringContaining("the hub answered 503") });
  expect(await leftovers()).toHaveLength(1);
  hub.faults = [];
  hub.seen = [];
  expect(await intact(await fetchOne())).toBe(true);
  expect(hub.seen.at(-1)!.headers.range).toBe("bytes=150000-");
  expect(await leftovers()).toEqual([]);
});

test("a part of a file that has changed meanwhile is not continued", async () => {
  linked = {};
  hub.faults = [cutAfter(150_000), ...Array.from({ length: 3 }, () => status(503))];
  await failure(fetchOne({ attempts: 3 }));
  hub.faults = [];
  content = Buffer.from(CONTENT.toReversed());
  const [path] = await fetchOne();
  expect((await readFile(path!)).equals(content)).toBe(true);
});

test("429 is obeyed, 500 and cut answers are tried again", async () => {
  hub.hubFaults = [status(429, { "retry-after": "0.2" }), status(500), (_request, response) => void response.destroy()];
  hub.faults = [status(502), status(403)];
  const started = performance.now();
  expect(await intact(await fetchOne())).toBe(true);
  expect(performance.now() - started).toBeGreaterThan(190);
});

test("a server that asks for an hour is not waited for", async () => {
  hub.hubFaults = [status(429, { "retry-after": "3600" })];
  expect(await failure(fetchOne())).toMatchObject({ code: "hub/failed", message: expect.stringContaining("asks to wait 3600 s") });
});

test("a wrong length or content never reaches the cache", async () => {
  content = CONTENT.subarray(0, 1000);
  expect((await failure(fetchOne({ attempts: 2 }))).message).toContain("1000 bytes are offered where the hub announced 400000");
  content = Buffer.from(CONTENT.toReversed());
  expect((await failure(fetchOne({ attempts: 2 }))).message).toContain("does not match the hub's SHA-256");
  content = CONTENT;
  linked = {};
  const short: Handler = (_request, response) =>
    void response.writeHead(200, { etag: '"x"', "transfer-encoding": "chunked" }).end(CONTENT.subarray(0, 10));
  linked = { "x-linked-size": "400000" };
  hub.faults = [short, short];
  expect((await failure(fetchOne({ attempts: 2 }))).message).toContain("10 bytes came of 400000");
  expect((await readdir(cache, { recursive: true })).filter((name) => name.endsWith(".parquet"))).toEqual([]);
  expect(await intact(await fetchOne())).toBe(true);
});

test("a server that falls silent is cut off", async () => {
  hub.faults = [
    (_request, response) => void response.writeHead(200, { "content-length": CONTENT.length, etag: '"x"' }).write("x"),
    hub.serve,
  ];
  expect(await intact(await fetchOne({ idleMs: 200 }))).toBe(true);
  hub.hubFaults = [() => {}, () => {}];
  expect((await failure(fetchOne({ idleMs: 100, attempts: 2 }))).message).toContain("nothing came for 0.1 s");
});

test("offline, the cache answers without a request, and says when it cannot", async () => {
  expect(await failure(fetchOne({ offline: true }))).toMatchObject({
    code: "hub/offline",
    message: expect.stringContaining("cais/wmdp is not in the cache, and HF_HUB_OFFLINE is set"),
  });
  await fetchOne();
  hub.seen = [];
  expect(await intact(await fetchOne({ offline: true }))).toBe(true);
  expect((await failure(fetchOne({ offline: true }, "hf:cais/wmdp/wmdp-chem"))).message).toContain("not whole in the cache");
  expect(hub.seen).toEqual([]);
});

test.each([
  [401, "hub/not-found", "HF_TOKEN is valid"],
  [403, "hub/failed", "accept its terms"],
  [404, "hub/not-found", "nothing of that name"],
  [400, "hub/failed", "the hub answered 400"],
])("%i is one clear line and no retry", async (code, expected, what) => {
  hub.hubFaults = [status(code)];
  const error = await failure(fetchOne());
  expect(error).toMatchObject({ code: expected, message: expect.stringContaining(what) });
  expect(error.message).not.toMatch(/\n|SECRET|hf_secret|signature/);
  expect(hub.seen).toHaveLength(1);
});

test("a missing configuration or split lists what there is; an odd listing is refused", async () => {
  expect((await failure(fetchOne({}, "hf:cais/wmdp/wmdp-nuclear"))).message).toContain(
    'no configuration "wmdp-nuclear": it has wmdp-bio, wmdp-chem',
  );
  expect((await failure(fetchOne({}, "hf:cais/wmdp/wmdp-bio:train"))).message).toContain('no split "train": it has test');
  expect(await fetchOne({}, "hf:cais/wmdp:test")).toHaveLength(2);
  hub.hubFaults = [(_request, response) => void response.end("<html>")];
  expect((await failure(fetchOne())).message).toContain("list of files cannot be read");
});

test("redirects without end, or to where they may not, are refused", async () => {
  hub.hubFaults = Array.from({ length: 12 }, () => status(302, { location: "/loop" }));
  expect((await failure(fetchOne())).message).toContain("redirects without end");
  hub.hubFaults = [status(302, { location: "file:///etc/passwd" })];
  expect((await failure(fetchOne())).message).toContain("to where it may not");
});

test("no hub at all", async () => {
  const error = await failure(fetchOne({ endpoint: new URL("http://127.0.0.1:9"), attempts: 2 }));
  expect(error).toMatchObject({ code: "hub/failed", message: expect.stringMatching(/cannot be reached/) });
});

test("two downloads of the same file at once both end well", async () => {
  const both = await Promise.all([fetchOne(), fetchOne()]);
  for (const paths of both) expect(await intact(paths)).toBe(true);
  expect(await leftovers()).toEqual([]);
});

test.each([
  ["hf:cais/wmdp", { id: "cais/wmdp", config: undefined, split: undefined }],
  ["hf:cais/wmdp/wmdp-bio", { id: "cais/wmdp", config: "wmdp-bio", split: undefined }],
  ["hf:cais/mmlu:test", { id: "cais/mmlu", config: undefined, split: "test" }],
])("%s", (ref, expected) => {
  expect(parseHubRef(ref)).toEqual(expected);
});

test.each(["hf:wmdp", "hf:../etc", "hf:a/..", "hf:a/b/c/d", "hf:a/b:", "hf:a/b?x=1/c"])("%s is refused", (ref) => {
  expect(() => parseHubRef(ref)).toThrow(/hf:owner\/name/);
});

test("settings come from the environment", () => {
  expect(hubSettings({}, { CORDON_CACHE: "/c", HF_HUB_OFFLINE: "1" })).toMatchObject({
    cacheDir: "/c/hub",
    offline: true,
    token: undefined,
    endpoint: new URL("https://huggingface.co"),
  });
  expect(() => hubSettings({}, { HF_ENDPOINT: "file:///x" })).toThrow("HF_ENDPOINT is not a web address");
});

test("resolveSeed: a hub, a file, a folder, a glob, nothing", async () => {
  const hubOptions = { hub: settings() };
  const [path] = await resolveSeed("hf:cais/wmdp/wmdp-bio:test", hubOptions);
  expect(await resolveSeed(path!)).toEqual([path]);
  expect(await resolveSeed(join(cache, "datasets"), { extensions: [".parquet"] })).toEqual([path]);
  expect(await resolveSeed(join(cache, "**/*.parquet"))).toEqual([path]);
  await expect(resolveSeed(join(cache, "datasets"), { extensions: [".csv"] })).rejects.toMatchObject({ code: "usage/missing-file" });
  await expect(resolveSeed(join(cache, "none.csv"))).rejects.toMatchObject({ code: "usage/missing-file" });
});
