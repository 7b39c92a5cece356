import { InvalidArgumentError } from "commander";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { integerIn, numberIn, share, table } from "./output.ts";

describe("option parsers", () => {
  it("take every number of their range and no other", () => {
    const whole = integerIn(-3, 40);
    fc.assert(
      fc.property(fc.integer({ min: -100, max: 100 }), (n) => {
        if (n >= -3 && n <= 40) expect(whole(String(n))).toBe(n);
        else expect(() => whole(String(n))).toThrow("expected a whole number from -3 to 40.");
      }),
    );
    expect(numberIn(0, 1)("1e-3")).toBe(0.001);
    expect(() => integerIn(0, 9)("1.5")).toThrow(InvalidArgumentError);
  });

  it("refuse what is no number", () => {
    for (const text of ["", " ", "x", "1x", "NaN", "Infinity", "1,5", "%", " %", "1%%"]) {
      for (const parse of [numberIn(0, 9), integerIn(0, 9), share]) expect(() => parse(text), `"${text}"`).toThrow(InvalidArgumentError);
    }
  });

  it("read a share as a fraction or a percentage", () => {
    expect(share("0.01")).toBe(0.01);
    expect(share("1%")).toBe(0.01);
    expect(share("100%")).toBe(1);
    for (const text of ["1.5", "101%", "-1%"]) expect(() => share(text), text).toThrow(InvalidArgumentError);
  });
});

describe("table", () => {
  it("aligns the first column left and the others right, and leaves no blanks at the end", () => {
    const rows = [
      ["in", "12", "1.0"],
      ["removed", "3", ""],
    ];
    expect(table(["", "rows", "MB"], rows)).toBe(
      ["         rows   MB", "-------  ----  ---", "in         12  1.0", "removed     3"].join("\n"),
    );
  });
});
