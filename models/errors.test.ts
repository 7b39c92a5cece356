import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CordonError, type ErrorCode, ERRORS } from "./errors.ts";

const PAGE = readFileSync(new URL("../docs/errors.md", import.meta.url), "utf8");

describe("the table of errors", () => {
  it("is the one that docs/errors.md shows: codes, order and exit codes, each with a meaning and a remedy", () => {
    const shown = [...PAGE.matchAll(/^\| `([a-z]+\/[a-z-]+)` \| (\d) \| (.+?) \| (.+?) \|$/gm)];
    expect(shown.map(([, code, exit]) => [code, Number(exit)])).toEqual(Object.entries(ERRORS).map(([code, { exit }]) => [code, exit]));
    for (const [, code, , meaning, remedy] of shown) {
      expect(meaning!.length, code).toBeGreaterThan(10);
      expect(remedy!.length, code).toBeGreaterThan(10);
    }
  });

  it("exits 2 for every usage error", () => {
    for (const [code, { exit }] of Object.entries(ERRORS)) if (code.startsWith("usage/")) expect(exit, code).toBe(2);
  });
});

describe("CordonError", () => {
  it("says what, where and what to do in one line, and keeps the cause", () => {
    const cause = new Error("first");
    const error = new CordonError("data/unreadable", "no such file", { where: "rows.jsonl:3", hint: "check the path", cause });
    expect(error.message).toBe("no such file (rows.jsonl:3): check the path");
    expect(error.cause).toBe(cause);
    expect(new CordonError("data/unreadable", "no such file").message).toBe("no such file");
  });

  it("knows the exit code of its table", () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) expect(new CordonError(code, "what").exit).toBe(ERRORS[code].exit);
  });
});
