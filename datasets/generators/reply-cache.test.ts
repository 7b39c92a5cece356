import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Completion } from "./generator.ts";
import { ReplyCache } from "./reply-cache.ts";

const key = (n: number) => n.toString(16).padStart(64, "0");
const reply = (text: string): Completion => ({ text, finish: "stop", inputTokens: 1, outputTokens: 2, estimated: false });

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-replies-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function using<T>(use: (cache: ReplyCache) => Promise<T>, options: object = {}): Promise<T> {
  const cache = await ReplyCache.open({ folder, ...options });
  try {
    return await use(cache);
  } finally {
    await cache.close();
  }
}

test("what was put is got, by another opening too; the last under a key counts", async () => {
  await using(async (cache) => {
    await cache.put(key(1), reply("one\nline\u2028and \u{1F41D}"));
    await cache.put(key(2), { ...reply("two"), finish: "refused" });
    await cache.put(key(2), reply("two again"));
    expect(await cache.get(key(1))).toEqual(reply("one\nline\u2028and \u{1F41D}"));
  });
  await using(async (cache) => {
    expect(await cache.get(key(1))).toEqual(reply("one\nline\u2028and \u{1F41D}"));
    expect(await cache.get(key(2))).toEqual(reply("two again"));
    expect([await cache.has(key(2)), await cache.has(key(3)), await cache.get(key(3))]).toEqual([true, false, undefined]);
  });
});

test("the default folder", async () => {
  const cache = await ReplyCache.open({}, { CORDON_CACHE: folder });
  expect(cache.path).toBe(join(folder, "replies", "replies.log"));
  await cache.close();
});

test("cut at any byte it loses no more than the last reply, and goes on well", async () => {
  await using(async (cache) => {
    await cache.put(key(1), reply("first"));
    await cache.put(key(2), reply("the second, with é and \u{1F41D}"));
  });
  const path = join(folder, "replies.log");
  const whole = await readFile(path);
  const first = whole.indexOf(0x0a, 1) + 1;
  for (let at = 0; at <= whole.length; at++) {
    await writeFile(path, whole.subarray(0, at));
    await using(async (cache) => {
      if (at >= first) expect(await cache.get(key(1))).toEqual(reply("first"));
      expect(await cache.has(key(2))).toBe(at === whole.length);
      await cache.put(key(3), reply("third"));
    });
    await using(async (cache) => expect(await cache.get(key(3))).toEqual(reply("third")));
  }
});

test("any damage hides replies and never changes one", async () => {
  await using(async (cache) => {
    for (let i = 0; i < 4; i++) await cache.put(key(i), reply(`reply ${i}`));
  });
  const path = join(folder, "replies.log");
  const whole = await readFile(path);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
      const damaged = Buffer.from(whole);
      damaged[at] = byte;
      await writeFile(path, damaged);
      await using(async (cache) => {
        for (let i = 0; i < 4; i++) expect([undefined, `reply ${i}`]).toContain((await cache.get(key(i)))?.text);
      });
    }),
    { numRuns: 100 },
  );
});

test("for looking up alone nothing is made, and what is there is found", async () => {
  const missing = join(folder, "none");
  expect(await ReplyCache.openExisting({ folder: missing })).toBeUndefined();
  expect(existsSync(missing)).toBe(false);
  await using(async (cache) => await cache.put(key(1), reply("one")));
  const found = await ReplyCache.openExisting({ folder });
  expect([await found!.has(key(1)), await found!.has(key(2))]).toEqual([true, false]);
  await found!.close();
});

test("two openings see each other's replies", async () => {
  const [a, b] = [await ReplyCache.open({ folder }), await ReplyCache.open({ folder })];
  await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? a : b).put(key(i), reply(`reply ${i}`))));
  for (let i = 0; i < 40; i++) expect((await (i % 2 ? b : a).get(key(i)))?.text).toBe(`reply ${i}`);
  await a.close();
  await b.close();
});

test("processes that write at once, one of them killed, do not mix", async () => {
  const writer = `
    import { ReplyCache } from "#datasets/generators/reply-cache";
    const cache = await ReplyCache.open({ folder: process.argv[1] });
    const from = Number(process.argv[2]);
    for (let i = from; i < from + 100; i++) {
      if (i === from + 20) process.stdout.write("under way\\n");
      await cache.put(i.toString(16).padStart(64, "0"), { text: "x".repeat(i % 97) + i, finish: "stop", inputTokens: 1, outputTokens: 2, estimated: false });
    }
    await cache.close();`;
  const start = (from: number) => {
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", writer, folder, String(from)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    // From the start: whoever begins to listen later may have missed it.
    return { child, code: once(child, "exit").then(([code]) => code as number | null) };
  };
  const processes = [start(1000), start(2000), start(3000)];
  await once(processes[2]!.child.stdout!, "data");
  processes[2]!.child.kill("SIGKILL");
  const codes = await Promise.all(processes.map(({ code }) => code));
  expect(codes.slice(0, 2)).toEqual([0, 0]);
  await using(async (cache) => {
    for (const from of [1000, 2000]) {
      for (let i = from; i < from + 100; i++) expect((await cache.get(key(i)))?.text).toBe("x".repeat(i % 97) + i);
    }
    for (let i = 3000; i < 3100; i++) {
      const text = (await cache.get(key(i)))?.text;
      if (text !== undefined || i < 3020) expect(text).toBe("x".repeat(i % 97) + i);
    }
  });
});

test("sealed: nothing of the text lies in the file; another codec's error comes through; without one it is refused", async () => {
  const codec = {
    encode: (text: string) => Buffer.from(text).toString("base64"),
    decode: (line: string) => Buffer.from(line, "base64").toString(),
  };
  await using(async (cache) => await cache.put(key(1), reply("a secret")), { codec });
  expect(await readFile(join(folder, "replies.log"), "utf8")).not.toContain("secret");
  expect(await using((cache) => cache.get(key(1)), { codec })).toEqual(reply("a secret"));
  await expect(using((cache) => cache.get(key(1)))).rejects.toMatchObject({
    code: "data/unreadable",
    message: expect.stringContaining("sealed"),
  });
  const wrong = { ...codec, decode: () => expect.fail("wrong key") };
  await expect(using((cache) => cache.get(key(1)), { codec: wrong })).rejects.toThrow("wrong key");
  // What was kept before sealing is read as it is.
  await using(async (cache) => await cache.put(key(2), reply("plain")));
  expect(await using((cache) => cache.get(key(2)), { codec })).toEqual(reply("plain"));
});

// Linux has a device that is always full.
test.skipIf(!existsSync("/dev/full"))("a full disk: where it is, and that it goes on", async () => {
  await symlink("/dev/full", join(folder, "replies.log"));
  await expect(using((cache) => cache.put(key(1), reply("one")))).rejects.toMatchObject({
    code: "data/unreadable",
    where: join(folder, "replies.log"),
    message: expect.stringMatching(/^a reply could not be kept \[ENOSPC\].*it goes on where it stopped$/),
  });
});

test("a folder that is a file, and a file that was emptied meanwhile", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(ReplyCache.open({ folder: join(folder, "file") })).rejects.toMatchObject({ code: "data/unreadable" });
  await using(async (cache) => {
    await cache.put(key(1), reply("one"));
    await truncate(cache.path, 0);
    expect([await cache.get(key(1)), await cache.get(key(1))]).toEqual([undefined, undefined]);
    await cache.put(key(2), reply("two"));
    expect(await cache.get(key(2))).toEqual(reply("two"));
  });
});
