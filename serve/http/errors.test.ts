import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { toWireError, WIRE_ERRORS, WireError, type WireErrorCode } from "./errors.ts";

const README = readFileSync(new URL("./README.md", import.meta.url), "utf8");

describe("the table of errors", () => {
  it("is the one that README.md shows, in the order of status", () => {
    const shown = [...README.matchAll(/^\| (\d{3}) \| `(\w+)` \| `(\w+)` \| (yes|no)? ?\|$/gm)].map((row) => row.slice(1, 5));
    const known = (Object.keys(WIRE_ERRORS) as WireErrorCode[]).map((code) => {
      const { shouldRetry, status } = new WireError(code);
      return [String(status), code, WIRE_ERRORS[code].type, shouldRetry === undefined ? undefined : shouldRetry ? "yes" : "no"];
    });
    expect(shown).toEqual(known);
    expect(known.map(([status]) => status)).toEqual(known.map(([status]) => status).toSorted((a, b) => Number(a) - Number(b)));
  });

  it("never has clients retry an answer that would be the same again, nor accept one as safe", () => {
    for (const [code, { status, message }] of Object.entries(WIRE_ERRORS)) {
      expect(status, code).toBeGreaterThanOrEqual(400);
      if (status === 500) expect(message, code).toMatch(/not take the text as safe/);
    }
  });

  it("takes what it does not know for the server's fault, and shows none of it", () => {
    for (const error of [new Error("some text"), "some text", undefined, null, { code: "FST_ERR_OTHER", message: "some text" }]) {
      expect(toWireError(error).wireCode).toBe("internal_error");
      expect(JSON.stringify(toWireError(error).body())).not.toContain("some text");
    }
    expect(toWireError(Object.assign(new Error("some text"), { statusCode: 400 })).body().error).toMatchObject({ code: "bad_request" });
  });
});
