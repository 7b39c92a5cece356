// Downloads one file into the cache: resumed where it was cut, checked for length (and content, where the hub tells its
// SHA-256), then renamed into place with a note of what it is. A file without a matching note does not count as cached.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { sha256File } from "#datasets/files/hash";
import { writeFileAtomically } from "#datasets/files/write-file";
import { TransferError, transferError } from "#datasets/http/retry";
import { get, HUB, retrying, type HubSettings, type Linked, type Reply } from "./hub-request.ts";

const noteSchema = z.object({
  bytes: z.number().int().min(0),
  /** Of the answer that brought the bytes; null where it had none. */
  etag: z.string().nullable(),
  /** Of the hub's redirect; null where it had none. */
  linkedEtag: z.string().nullable(),
});
type Note = z.infer<typeof noteSchema>;

/** A part that another machine began is taken over when it has not grown for so long, ms. */
const ABANDONED_MS = 3_600_000;

/** Whether `target` is in the cache, complete. */
export async function isCached(target: string): Promise<boolean> {
  return (await readNote(target)) !== undefined;
}

/**
 * Brings `target` up to date with `address`.
 * @param what names the file in messages
 * @throws CordonError hub/not-found, hub/failed
 */
export async function download(settings: HubSettings, what: string, address: URL, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const note = await readNote(target);
  const part = await Part.claim(target);
  try {
    await retrying(settings, what, () => attempt(settings, what, address, target, note, part));
  } finally {
    await part.release();
  }
}

async function attempt(
  settings: HubSettings,
  what: string,
  address: URL,
  target: string,
  note: Note | undefined,
  part: Part,
): Promise<void> {
  const offset = await part.size();
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (offset > 0) headers["range"] = `bytes=${offset}-`;
  else if (note?.etag) headers["if-none-match"] = note.etag;
  const same = (linked: Linked) =>
    note !== undefined && note.linkedEtag !== null && linked.etag === note.linkedEtag && linked.bytes === note.bytes;

  const reply = await get(settings, what, address, headers, same);
  try {
    const { response, linked } = reply;
    if (same(linked) || response.status === 304) return;
    if (response.status === 416) {
      await part.discard();
      throw new TransferError("the part that was cached does not fit the file");
    }
    const etag = response.headers.get("etag");
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
    const length = response.headers.get("content-length");
    const sent = response.status === 206 ? range?.[2] : length;
    const total = sent === null || sent === undefined ? linked.bytes : Number(sent);
    if (linked.bytes !== undefined && total !== linked.bytes) {
      await part.discard();
      throw new TransferError(`${total} bytes are offered where the hub announced ${linked.bytes}`);
    }
    if (note?.etag && etag === note.etag && total === note.bytes) return;

    const content = contentKey(linked.etag ?? etag, total);
    const resumed = response.status === 206;
    if (resumed && (Number(range?.[1]) !== offset || part.content !== content)) {
      await part.discard();
      throw new TransferError("the file has changed since the download began");
    }
    await part.begin(content, resumed);
    await receive(reply, part, resumed ? offset : 0, total);
    await verify(part, linked);
    const bytes = await part.size();
    await part.finish(target);
    await writeFileAtomically(noteOf(target), JSON.stringify({ bytes, etag, linkedEtag: linked.etag ?? null } satisfies Note));
  } finally {
    reply.close();
  }
}

async function receive({ response, alive }: Reply, part: Part, offset: number, total: number | undefined): Promise<void> {
  let written = offset;
  const file = await open(part.path, offset > 0 ? "a" : "w");
  try {
    for await (const chunk of response.body ?? []) {
      alive();
      await file.writeFile(chunk);
      written += chunk.length;
    }
    await file.sync();
  } catch (error) {
    // Without a name for the content the next attempt begins anew, so nothing was gained.
    throw transferError(error, HUB, written > offset && part.content !== undefined);
  } finally {
    await file.close();
  }
  if (total !== undefined && written !== total) {
    if (written > total) await part.discard();
    throw new TransferError(`${written} bytes came of ${total}`);
  }
}

async function verify(part: Part, linked: Linked): Promise<void> {
  const sha256 = /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(linked.etag ?? "")?.[1];
  if (sha256 === undefined || (await sha256File(part.path)) === sha256) return;
  await part.discard();
  throw new TransferError("what came does not match the hub's SHA-256");
}

const noteOf = (target: string) => `${target}.note.json`;

/** The note of a complete file; undefined where file or note is missing, or they disagree. */
async function readNote(target: string): Promise<Note | undefined> {
  try {
    const note = noteSchema.parse(JSON.parse(await readFile(noteOf(target), "utf8")));
    return (await stat(target)).size === note.bytes ? note : undefined;
  } catch {
    return undefined;
  }
}

/** Names the content of a part, so that it is continued with the same content only; undefined where nothing tells it. */
function contentKey(etag: string | null, total: number | undefined): string | undefined {
  if (etag === null || total === undefined) return undefined;
  return createHash("sha256").update(`${etag}|${total}`).digest("hex").slice(0, 16);
}

/**
 * A download under way, `TARGET.part-CONTENT-HOST-PID-NONCE`. The name says whose it is: a part is written by one process
 * only, and one whose process is gone is taken over by renaming it, which only one taker can do.
 */
class Part {
  content: string | undefined;
  readonly #target: string;
  readonly #owner = `${HOST}-${process.pid}-${randomUUID().slice(0, 8)}`;

  private constructor(target: string) {
    this.#target = target;
  }

  get path(): string {
    return `${this.#target}.part-${this.content ?? "new"}-${this.#owner}`;
  }

  static async claim(target: string): Promise<Part> {
    const part = new Part(target);
    const folder = dirname(target);
    const prefix = `${basename(target)}.part-`;
    for (const name of await readdir(folder)) {
      if (!name.startsWith(prefix)) continue;
      const [content, owner, pid] = name.slice(prefix.length).split("-");
      if (content === undefined || !(await isAbandoned(join(folder, name), owner, Number(pid)))) continue;
      if (content === "new" || part.content !== undefined) {
        await rm(join(folder, name), { force: true });
        continue;
      }
      part.content = content;
      await rename(join(folder, name), part.path).catch(() => (part.content = undefined));
    }
    return part;
  }

  async size(): Promise<number> {
    if (this.content === undefined) return 0;
    return await stat(this.path).then(
      (s) => s.size,
      () => 0,
    );
  }

  /** Names what is about to be written; what was there goes unless it is continued. */
  async begin(content: string | undefined, resumed: boolean): Promise<void> {
    if (resumed) return;
    await this.discard();
    this.content = content;
  }

  async discard(): Promise<void> {
    await rm(this.path, { force: true });
    this.content = undefined;
  }

  async finish(target: string): Promise<void> {
    await rename(this.path, target);
    this.content = undefined;
  }

  /** Leaves the part for the next download to go on with, or removes one that cannot be continued. */
  async release(): Promise<void> {
    if (this.content === undefined || (await this.size()) === 0) return await this.discard();
    const { path } = this;
    await rename(path, path.slice(0, -this.#owner.length) + `free-0-${randomUUID().slice(0, 8)}`);
  }
}

const HOST = hostname().replaceAll(/[^A-Za-z0-9.]/g, "_") || "host";

async function isAbandoned(path: string, owner: string | undefined, pid: number): Promise<boolean> {
  if (owner === "free") return true;
  if (owner === HOST && Number.isInteger(pid) && pid > 0) {
    try {
      process.kill(pid, 0);
      return false;
    } catch (error) {
      return (error as { code?: string }).code === "ESRCH";
    }
  }
  const age = await stat(path).then(
    (s) => Date.now() - s.mtimeMs,
    () => 0,
  );
  return age > ABANDONED_MS;
}
