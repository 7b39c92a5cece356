import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { refuseForeignFolder, unfinishedFolders, writeFolder } from "./output-folder.ts";

const MARKER = "marker.json";
let scratch: string;
let target: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-folder-"));
  target = join(scratch, "deep", "out");
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const put = (text: string) => async (folder: string) => {
  await writeFile(join(folder, MARKER), text);
  await writeFile(join(folder, `${text}.txt`), text);
};
/** Every file below the scratch folder: nothing temporary may be left. */
const files = async () =>
  (await readdir(scratch, { recursive: true, withFileTypes: true }))
    .filter((e) => e.isFile())
    .map((e) => e.name)
    .sort();

test("a folder that was not there, and the folders above it", async () => {
  await writeFolder(target, MARKER, put("one"));
  expect(await files()).toEqual([MARKER, "one.txt"]);
});

test("nothing stands under the name until all of it does", async () => {
  await writeFolder(target, MARKER, async (folder) => {
    await put("one")(folder);
    expect(existsSync(target)).toBe(false);
  });
  await writeFolder(target, MARKER, async (folder) => {
    await put("two")(folder);
    expect(await readFile(join(target, MARKER), "utf8")).toBe("one");
  });
  expect(await files()).toEqual([MARKER, "two.txt"]);
});

test("a failure half-way leaves nothing, or the older folder as it was", async () => {
  const fail = async (folder: string): Promise<void> => {
    await put("half")(folder);
    throw new Error("the disk is full");
  };
  await expect(writeFolder(target, MARKER, fail)).rejects.toThrow("the disk is full");
  expect(await files()).toEqual([]);
  await writeFolder(target, MARKER, put("one"));
  await expect(writeFolder(target, MARKER, fail)).rejects.toThrow("the disk is full");
  expect(await files()).toEqual([MARKER, "one.txt"]);
});

test("where the last step fails, the older folder comes back", async () => {
  await writeFolder(target, MARKER, put("one"));
  await expect(writeFolder(target, MARKER, (folder) => rm(folder, { recursive: true }))).rejects.toThrow("ENOENT");
  expect(await files()).toEqual([MARKER, "one.txt"]);
});

test("an empty folder is taken, one that holds anything else is refused before anything is done", async () => {
  await mkdir(target, { recursive: true });
  await writeFolder(target, MARKER, put("one"));
  expect(await files()).toEqual([MARKER, "one.txt"]);
  await rm(join(target, MARKER));
  let filled = false;
  const refused = writeFolder(target, MARKER, async () => void (filled = true));
  await expect(refused).rejects.toMatchObject({ code: "usage/output-exists", exit: 2 });
  await expect(refused).rejects.toThrow("choose another --out");
  expect(filled).toBe(false);
  expect(await files()).toEqual(["one.txt"]);
});

test("nor is one that came meanwhile, or a file of that name", async () => {
  const late = writeFolder(target, MARKER, async (folder) => {
    await put("one")(folder);
    await mkdir(target, { recursive: true });
    await writeFile(join(target, "thesis.txt"), "years of work");
  });
  await expect(late).rejects.toMatchObject({ code: "usage/output-exists" });
  expect(await files()).toEqual(["thesis.txt"]);
  await expect(refuseForeignFolder(join(target, "thesis.txt"), MARKER)).rejects.toMatchObject({
    code: "usage/output-exists",
    message: expect.stringContaining("a file stands where the folder would be"),
  });
  await expect(refuseForeignFolder(join(scratch, "none"), MARKER)).resolves.toBeUndefined();
});

test("what runs that were killed left beside it is found, and nothing else", async () => {
  expect(await unfinishedFolders(target)).toEqual([]);
  const left = ["out.0123abcd.tmp", "out.0123abcd.tmp.old"].map((name) => join(scratch, "deep", name));
  for (const name of [...left, "out.tmp", "out2.0123abcd.tmp", "out.notes.tmp"])
    await mkdir(join(scratch, "deep", name.split("/").at(-1)!), { recursive: true });
  await writeFolder(target, MARKER, async (folder) => {
    await put("one")(folder);
    expect(await unfinishedFolders(target)).toEqual([...left, folder].sort());
  });
  expect(await unfinishedFolders(target)).toEqual(left);
});
