// Files written whole: to a temporary name beside the target, then renamed, so that no reader ever meets half a file.
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Replaces `path` by `content`, or leaves what stood there. The folder is made when it is missing. */
export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await replaceFile(path, async (file) => {
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** Replaces `path` by what `fill` writes to the open file, which it must close; where `fill` fails nothing changes. */
export async function replaceFile(path: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.tmp-${process.pid}-${randomUUID().slice(0, 8)}`;
  try {
    await fill(await open(temporary, "wx"));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
