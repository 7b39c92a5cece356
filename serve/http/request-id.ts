// Ids of requests and answers: a random prefix for the process, then a counter. Unique, cheap, and they say nothing.
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

const CLIENT_ID = /^[\w.:-]{1,128}$/;

/** A source of ids `<prefix><random><counter>`. */
export function idSource(prefix: string): () => string {
  const start = `${prefix}${randomBytes(8).toString("hex")}`;
  let count = 0;
  return () => start + (count++).toString(36).padStart(5, "0");
}

const nextRequestId = idSource("req_");

/** The id of a request: the client's own `x-request-id` where it is harmless to echo and log, else a new one. */
export function requestId(request?: IncomingMessage): string {
  const given = request?.headers["x-request-id"];
  return typeof given === "string" && CLIENT_ID.test(given) ? given : nextRequestId();
}
