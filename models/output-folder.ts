// Writes a folder whole or not at all: its files go to a temporary folder beside it, which is renamed at the end.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { CordonError } from "./errors.ts";

/**
 * Fills a temporary folder and puts it in the place of `dir`. An older folder there is replaced if it holds `marker`,
 * the file that only folders of this kind have; any other folder that is not empty is refused, before anything is done.
 * @throws CordonError usage/output-exists
 */
export async function writeFolder(dir: string, marker: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const target = resolve(dir);
  await refuseForeignFolder(target, marker);
  await mkdir(dirname(target), { recursive: true });
  const staging = `${target}.${randomBytes(4).toString("hex")}.tmp`;
  const old = `${staging}.old`;
  try {
    await mkdir(staging);
    await fill(staging);
    await refuseForeignFolder(target, marker); // it may have come while this one was filled
    if (existsSync(target)) await rename(target, old);
    await rename(staging, target).catch(async (error: unknown) => {
      if (existsSync(old)) await rename(old, target);
      throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

/** What runs that were killed left beside `dir`, or what others that still go on are filling: a name does not tell which. */
export async function unfinishedFolders(dir: string): Promise<string[]> {
  const target = resolve(dir);
  const names = await readdir(dirname(target)).catch(() => []);
  const prefix = `${basename(target)}.`;
  return names
    .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{8}\.tmp(\.old)?$/.test(name.slice(prefix.length)))
    .sort()
    .map((name) => join(dirname(target), name));
}

/** @throws CordonError usage/output-exists where `dir` is neither absent, nor empty, nor a folder that holds `marker` */
export async function refuseForeignFolder(dir: string, marker: string): Promise<void> {
  if (!existsSync(dir) || existsSync(join(dir, marker))) return;
  const entries = await readdir(dir).catch(() => undefined);
  if (entries?.length === 0) return;
  const what = entries === undefined ? "a file stands where the folder would be" : `the folder is not empty and holds no ${marker}`;
  throw new CordonError("usage/output-exists", what, {
    where: dir,
    hint: "choose another --out",
  });
}
