// Reads a completion in the shape that its prompt asks for. Reasons hold no text of the model's.
import type { z } from "zod";
import type { Completion } from "./generator.ts";
import { readReply } from "./read-reply.ts";
import { looksLikeRefusal } from "./refusal.ts";

export type Fitted<T> =
  | { state: "fits"; value: T }
  | { state: "refused"; reason: string }
  /** No usable reply. */
  | { state: "misfit"; reason: string };

export function fit<T>({ text, finish }: Completion, schema: z.ZodType<T>): Fitted<T> {
  if (finish === "filtered") return { state: "refused", reason: "the provider withheld the reply" };
  if (finish === "refused") return { state: "refused", reason: "the model declined" };
  const read = readReply(text);
  if (read.state !== "object") {
    if (looksLikeRefusal(text)) return { state: "refused", reason: "the model declined" };
    if (finish === "length") return { state: "misfit", reason: "the reply was cut at max_tokens" };
    if (text.trim() === "") return { state: "misfit", reason: "the reply is empty" };
    return { state: "misfit", reason: read.state === "none" ? "the reply holds no JSON object" : "the reply holds several JSON objects" };
  }
  const parsed = schema.safeParse(read.value);
  if (parsed.success) return { state: "fits", value: parsed.data };
  // A refusal in an object of the model's own, {"error": "I'm sorry, but …"}. One in an object of the right shape may be what
  // was asked for; the refusal gate rules on that.
  if (Object.values(read.value as object).some((value) => typeof value === "string" && looksLikeRefusal(value))) {
    return { state: "refused", reason: "the model declined" };
  }
  const issue = parsed.error.issues[0]!;
  const field = issue.path.map((key) => (/^\w{1,30}$/.test(String(key)) ? String(key) : "?")).join(".");
  return { state: "misfit", reason: `the reply has another shape (${field || "object"}: ${issue.code.replaceAll("_", " ")})` };
}
