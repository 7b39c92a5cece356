// A server that answers like a Hugging Face hub, for tests: what a test lists, redirects to a store on another host, entity tags, ranges,
// and the ways in which both fail.
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface Seen {
  host: "hub" | "store";
  path: string;
  headers: IncomingMessage["headers"];
}

export class FixtureHub {
  /** Requests so far. */
  seen: Seen[] = [];
  /** Answers of the store and of the hub, used up one a request; then they serve well. */
  faults: Handler[] = [];
  hubFaults: Handler[] = [];
  /** What the API answers, by path; undefined is a 404. */
  api: (path: string) => string | undefined = () => undefined;
  /** What the store holds, by path; undefined is a 404 of the hub's. */
  content: (path: string) => Buffer | undefined = () => undefined;
  /** Headers of the redirect, by path. */
  linked: (path: string) => Record<string, string> = () => ({});

  readonly #hub: Server;
  readonly #store: Server;

  private constructor() {
    const server = (host: Seen["host"], handler: Handler) =>
      createServer((request, response) => {
        this.seen.push({ host, path: request.url ?? "", headers: request.headers });
        handler(request, response);
      });
    this.#store = server("store", (request, response) => (this.faults.shift() ?? this.serve)(request, response));
    this.#hub = server("hub", (request, response) => (this.hubFaults.shift() ?? this.#answer)(request, response));
  }

  static async start(): Promise<FixtureHub> {
    const hub = new FixtureHub();
    for (const server of [hub.#hub, hub.#store]) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return hub;
  }

  get address(): string {
    return addressOf(this.#hub);
  }

  /** Forgets requests and faults. */
  reset(): void {
    this.seen = [];
    this.faults = [];
    this.hubFaults = [];
  }

  close(): void {
    this.#hub.close();
    this.#store.close();
  }

  readonly #answer: Handler = (request, response) => {
    const path = request.url ?? "";
    const json = this.api(path);
    if (json !== undefined) return void response.end(json);
    if (this.content(path) === undefined) return void response.writeHead(404).end();
    response.writeHead(302, { location: `${addressOf(this.#store)}${path}?signature=abc`, ...this.linked(path) }).end();
  };

  /** Serves a file with entity tag, ranges and If-None-Match, as a store does. */
  readonly serve: Handler = (request, response) => {
    const content = this.content(pathOf(request))!;
    const etag = tagOf(content);
    if (request.headers["if-none-match"] === etag) return void response.writeHead(304, { etag }).end();
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? -1);
    if (from >= content.length) return void response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
    if (from < 0) return void response.writeHead(200, { etag, "content-length": content.length }).end(content);
    response.writeHead(206, partHeaders(content, etag, from)).end(content.subarray(from));
  };

  /** Sends some bytes of the right answer, and cuts the connection once the other side has stored them in `cache`. */
  cutAfter(bytes: number, cache: string): Handler {
    return (request, response) => {
      const content = this.content(pathOf(request))!;
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const etag = tagOf(content);
      if (from > 0) response.writeHead(206, partHeaders(content, etag, from));
      else response.writeHead(200, { etag, "content-length": content.length });
      response.write(content.subarray(from, from + bytes));
      const stored = async () => {
        for (let waited = 0; waited < 1500; waited += 5) {
          const sizes = await Promise.all((await partsIn(cache)).map(async (name) => (await stat(join(cache, name))).size));
          if (sizes.includes(from + bytes)) return;
          await sleep(5);
        }
      };
      void stored().finally(() => response.destroy());
    };
  }
}

/** An answer of this status and no use. */
export const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    void response.writeHead(code, headers).end("SECRET BODY");

/** What unfinished downloads left in a cache. */
export async function partsIn(cache: string): Promise<string[]> {
  return (await readdir(cache, { recursive: true })).filter((name) => /\.(part|tmp)-/.test(name));
}

/** Headers of a redirect to a large file. */
export function linkedTo(content: Buffer): Record<string, string> {
  return { "x-linked-etag": `"${createHash("sha256").update(content).digest("hex")}"`, "x-linked-size": String(content.length) };
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const pathOf = (request: IncomingMessage) => (request.url ?? "").split("?")[0]!;
const tagOf = (content: Buffer) => `"${createHash("md5").update(content).digest("hex")}"`;
const partHeaders = (content: Buffer, etag: string, from: number) => ({
  etag,
  "content-range": `bytes ${from}-${content.length - 1}/${content.length}`,
  "content-length": content.length - from,
});
