// Checks the API key of a request: `Authorization: Bearer KEY` as OpenAI's clients send it, or `x-api-key: KEY` as
// gateways such as LiteLLM do. Comparisons take the same time whatever the key is.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const BEARER = /^bearer +(\S+) *$/i;

export class ApiKeys {
  readonly #digests: Buffer[];

  /** @param keys accepted keys; several allow one to be replaced without an interruption */
  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digest);
  }

  accepts(headers: IncomingHttpHeaders): boolean {
    const own = headers["x-api-key"];
    const given = BEARER.exec(headers.authorization ?? "")?.[1] ?? (typeof own === "string" ? own : undefined);
    if (given === undefined) return false;
    const wanted = digest(given);
    // Every key is compared, so that the time does not tell which one matched.
    let found = false;
    for (const known of this.#digests) found = timingSafeEqual(known, wanted) || found;
    return found;
  }
}

function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
