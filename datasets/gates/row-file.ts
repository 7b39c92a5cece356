// A file of JSON lines that is written row by row from several places, whole or not at all.
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { type WriteOptions, type Written, writeText } from "#datasets/files/write-text";

/** Characters that are handed on together. */
const CHUNK = 64 * 1024;

export class RowFile {
  rows = 0;
  readonly path: string;
  readonly #stream = new PassThrough({ objectMode: true, highWaterMark: 4 });
  readonly #written: Promise<Written>;
  #text = "";

  constructor(path: string, options: WriteOptions = {}) {
    this.path = path;
    this.#written = writeText(path, this.#stream, options);
    // Failures are told by close(), which a run that fails elsewhere never calls. A full disk ends the stream.
    this.#stream.on("error", () => {});
    this.#written.catch(() => this.#stream.destroy());
  }

  /** Adds a line, a JSON value. What it returns is to be awaited before the next: it holds the writer to the disk's pace. */
  put(line: string): Promise<void> | undefined {
    this.rows++;
    this.#text += `${line}\n`;
    return this.#text.length < CHUNK ? undefined : this.#flush();
  }

  /** Completes the file. */
  async close(): Promise<Written & { rows: number }> {
    await this.#flush();
    this.#stream.end();
    return { rows: this.rows, ...(await this.#written) };
  }

  /** Gives it up: nothing is left of it. */
  async abandon(): Promise<void> {
    this.#stream.destroy(new Error("abandoned"));
    await this.#written.catch(() => {});
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = "";
    if (text === "") return;
    // A run whose file cannot be written ends here, and not after it has asked and paid for everything else.
    if (this.#stream.destroyed) await this.#written;
    else if (!this.#stream.write(text)) await Promise.race([once(this.#stream, "drain"), this.#written]);
  }
}
