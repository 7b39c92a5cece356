// Replies of generators, kept by the hash of their question, so that a run that was killed goes on without paying twice.
//
// One file for all runs, to which each reply is appended by a single write in append mode: the system puts such writes one
// after the other, so that two processes never mix within a line (on local file systems; on NFS each run needs a folder of its
// own). A write that was cut, by kill -9 or a full disk, leaves a piece of a line. So each line begins with a line break of its
// own, which ends such a piece, and carries a hash of its content, without which it does not count.
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheFolder } from "#datasets/files/cache-folder";
import type { RecordCodec } from "#datasets/sealing/record-codec";
import { CordonError } from "#models/errors";
import type { Completion } from "./generator.ts";

export interface ReplyCacheOptions {
  /** Default: `$CORDON_CACHE/replies`, else `~/.cache/cordon/replies`. */
  folder?: string;
  codec?: RecordCodec;
}

/** Where a record's content lies in the file, in bytes. */
interface Place {
  sealed: boolean;
  hash: string;
  offset: number;
  length: number;
}

const FILE = "replies.log";
/** KEY STATE HASH CONTENT; the state is p for plain, s for sealed. */
const HEAD = /^([0-9a-f]{64}) ([ps]) ([0-9a-f]{16}) /;
const HEAD_BYTES = 64 + 1 + 1 + 1 + 16 + 1;
const LF = 0x0a;
const READ_BYTES = 1 << 20;

export class ReplyCache {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #codec: RecordCodec | undefined;
  readonly #places = new Map<string, Place>();
  /** Everything before it is in `#places`. */
  #indexed = 0;
  #indexing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, codec: RecordCodec | undefined) {
    this.path = path;
    this.#file = file;
    this.#codec = codec;
  }

  /** Opens the cache of a folder, which is made when it is missing. @throws CordonError data/unreadable */
  static async open(options: ReplyCacheOptions = {}, env: NodeJS.ProcessEnv = process.env): Promise<ReplyCache> {
    const path = pathOf(options, env);
    try {
      await mkdir(dirname(path), { recursive: true });
      return await ReplyCache.#opened(path, "a+", options.codec);
    } catch (cause) {
      throw cannotOpen(path, cause);
    }
  }

  /** The cache of a folder for looking up alone; undefined where there is none. Nothing is made. @throws CordonError data/unreadable */
  static async openExisting(options: ReplyCacheOptions = {}, env: NodeJS.ProcessEnv = process.env): Promise<ReplyCache | undefined> {
    const path = pathOf(options, env);
    try {
      return await ReplyCache.#opened(path, "r", options.codec);
    } catch (cause) {
      if ((cause as { code?: unknown }).code === "ENOENT") return undefined;
      throw cannotOpen(path, cause);
    }
  }

  static async #opened(path: string, flags: "a+" | "r", codec: RecordCodec | undefined): Promise<ReplyCache> {
    const cache = new ReplyCache(path, await open(path, flags, 0o600), codec);
    try {
      await cache.#refresh();
      return cache;
    } catch (error) {
      await cache.close();
      throw error;
    }
  }

  /**
   * The reply to a question, also where another process has written it meanwhile.
   * @throws CordonError data/unreadable for a sealed reply without a codec; what the codec throws, for another key
   */
  async get(key: string): Promise<Completion | undefined> {
    if (!this.#places.has(key)) await this.#refresh();
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const bytes = Buffer.alloc(place.length);
    await this.#file.read(bytes, 0, place.length, place.offset);
    if (shortHash(key, bytes) !== place.hash) {
      // Somebody changed the file under it.
      this.#places.delete(key);
      return undefined;
    }
    const content = bytes.toString("utf8");
    if (!place.sealed) return JSON.parse(content) as Completion;
    if (this.#codec !== undefined) return JSON.parse(this.#codec.decode(content, this.path)) as Completion;
    throw new CordonError("data/unreadable", "the cache of replies is sealed", {
      where: this.path,
      hint: "run it with --seal and the key it was sealed with, or give another --cache",
    });
  }

  /** Whether a reply is kept. */
  async has(key: string): Promise<boolean> {
    if (!this.#places.has(key)) await this.#refresh();
    return this.#places.has(key);
  }

  /** Keeps a reply. Of several under one key the last counts. */
  async put(key: string, { text, finish, inputTokens, outputTokens, estimated }: Completion): Promise<void> {
    const json = JSON.stringify({ text, finish, inputTokens, outputTokens, estimated } satisfies Completion);
    const content = this.#codec === undefined ? json : this.#codec.encode(json);
    if (content.includes("\n")) throw new Error("ReplyCache.put: the codec must give one line");
    const line = `\n${key} ${this.#codec === undefined ? "p" : "s"} ${shortHash(key, Buffer.from(content))} ${content}\n`;
    const bytes = Buffer.from(line);
    const { bytesWritten } = await this.#file.write(bytes).catch((cause: unknown) => {
      throw new CordonError("data/unreadable", `a reply could not be kept [${String((cause as { code?: unknown }).code)}]`, {
        where: this.path,
        hint: "make room there, and run it again: it goes on where it stopped",
        cause,
      });
    });
    if (bytesWritten !== bytes.length) {
      throw new CordonError("data/unreadable", "a reply could not be kept: the disk took only a part of it", { where: this.path });
    }
    await this.#refresh();
  }

  async close(): Promise<void> {
    await this.#indexing;
    await this.#file.close();
  }

  /** Indexes what was appended since, by whomever, up to the last whole line. */
  async #refresh(): Promise<void> {
    const before = this.#indexing;
    const run = before.then(() => this.#index());
    this.#indexing = run.catch(() => {});
    await run;
  }

  async #index(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size < this.#indexed) {
      // Somebody emptied it.
      this.#places.clear();
      this.#indexed = 0;
    }
    let rest = Buffer.alloc(0);
    let at = this.#indexed;
    while (at < size) {
      const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, size - at));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      let from = 0;
      for (let to = bytes.indexOf(LF); to !== -1; to = bytes.indexOf(LF, from)) {
        this.#line(bytes.subarray(from, to), this.#indexed);
        this.#indexed += to + 1 - from;
        from = to + 1;
      }
      rest = bytes.subarray(from);
    }
  }

  #line(line: Buffer, offset: number): void {
    if (line.length <= HEAD_BYTES) return;
    const head = HEAD.exec(line.toString("latin1", 0, HEAD_BYTES));
    const content = line.subarray(HEAD_BYTES);
    if (head === null || head[3] !== shortHash(head[1]!, content)) return;
    this.#places.set(head[1]!, { sealed: head[2] === "s", hash: head[3]!, offset: offset + HEAD_BYTES, length: content.length });
  }
}

function pathOf({ folder }: ReplyCacheOptions, env: NodeJS.ProcessEnv): string {
  return join(folder ?? cacheFolder("replies", env), FILE);
}

function cannotOpen(path: string, cause: unknown): CordonError {
  const code = (cause as { code?: unknown }).code;
  return new CordonError("data/unreadable", `the cache of replies cannot be opened [${String(code)}]`, {
    where: path,
    hint: "give a --cache, or set CORDON_CACHE, that may be written to",
    cause,
  });
}

/** Of key and content together, so that a head with another record's content does not count. */
const shortHash = (key: string, content: Buffer) => createHash("sha256").update(key).update(content).digest("hex").slice(0, 16);
