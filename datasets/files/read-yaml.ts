// Reads YAML files that people write, checks them, and says of a mistake where it is: the line, never what stands there.
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { type Document, LineCounter, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { CordonError } from "#models/errors";

/** Reads and checks a file. @throws CordonError usage/missing-file, data/unreadable, data/malformed-row with file:line */
export async function readYaml<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const folder = (cause as { code?: unknown }).code === "EISDIR";
    throw new CordonError("usage/missing-file", folder ? "a folder stands where a file is read" : "cannot read the file", {
      where: path,
      cause,
    });
  });
  if (!isUtf8(bytes)) throw new CordonError("data/unreadable", "the file is not valid UTF-8", { where: path, hint: "save it as UTF-8" });
  const text = bytes.toString("utf8");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const at = (offset: number) => `${path}:${lines.linePos(offset).line}`;
  const error = document.errors[0];
  if (error)
    throw new CordonError("data/malformed-row", `not YAML (${error.code.toLowerCase().replaceAll("_", " ")})`, { where: at(error.pos[0]) });
  const parsed = schema.safeParse(plain(document, (offset) => at(offset)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
  const what = keys.length === 0 ? messageOf(issue, document.contents === null) : `no field is called ${keys.map(named).join(", ")}`;
  throw new CordonError("data/malformed-row", `${issue.path.map(named).join(".") || "the file"}: ${what}`, {
    where: at(offsetOf(document, [...issue.path, ...keys.slice(0, 1)])),
  });
}

function messageOf({ code, message, path }: z.core.$ZodIssue, empty: boolean): string {
  if (code !== "invalid_type") return message;
  if (path.length === 0 && empty) return "holds nothing";
  return message.endsWith("received undefined") ? "is missing" : message;
}

/** The document's value. A text that begins with `*` and is not quoted is an alias of nothing, which the parser's own error would quote. */
function plain(document: Document, at: (offset: number) => string): unknown {
  try {
    return document.toJS();
  } catch {
    let offset = 0;
    visit(document, {
      Alias(_, node) {
        if (node.resolve(document) !== undefined) return undefined;
        offset = node.range?.[0] ?? 0;
        return visit.BREAK;
      },
    });
    throw new CordonError("data/malformed-row", "not YAML (an alias that names nothing)", {
      where: at(offset),
      hint: "put texts that begin with * between quotes",
    });
  }
}

/** A field's name; anything that is not the name of a field may be a text. */
function named(key: PropertyKey): string {
  return /^[\w-]{1,40}$/.test(String(key)) ? String(key) : "(a text)";
}

/** Where the value at `path` begins, or the innermost one around it that there is. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}
