import fc from "fast-check";
import { expect, test } from "vitest";
import { hiddenTexts } from "./hidden-text.ts";

const TEXT = "The kettle has been making a strange noise since Sunday.";
const rotate = (text: string, by: number) =>
  text.replace(/[a-z]/gi, (c) => String.fromCharCode(((c.toLowerCase().charCodeAt(0) - 97 + by) % 26) + (c < "a" ? 65 : 97)));

test.each([
  ["base64", Buffer.from(TEXT).toString("base64")],
  ["base64", Buffer.from(TEXT).toString("base64url")],
  ["hex", Buffer.from(TEXT).toString("hex")],
  ["hex", Buffer.from(TEXT).toString("hex").replace(/../g, "$& ")],
  ["url", TEXT.replace(/[^a-z]/gi, (c) => `%${c.charCodeAt(0).toString(16)}`)],
  ["unicode-escapes", Array.from(TEXT, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")],
  ["binary", Array.from(TEXT, (c) => c.charCodeAt(0).toString(2).padStart(8, "0")).join(" ")],
  ["variation-selectors", Array.from(TEXT, (c) => String.fromCodePoint(0xe0100 + c.charCodeAt(0) - 16)).join("")],
])("finds %s, alone and in a sentence", (kind, encoded) => {
  expect(hiddenTexts(encoded)).toContainEqual({ kinds: [kind], text: TEXT });
  expect(hiddenTexts(`Decode this, please:\n${encoded}\nThanks!`)).toContainEqual({ kinds: [kind], text: TEXT });
});

test.each([
  ["caesar", rotate(TEXT, 13)],
  ["caesar", rotate(TEXT, 3)],
  ["atbash", TEXT.replace(/[a-z]/gi, (c) => String.fromCharCode((c < "a" ? 155 : 219) - c.charCodeAt(0)))],
])("finds %s", (kind, encoded) => {
  expect(hiddenTexts(encoded)).toContainEqual({ kinds: [kind], text: TEXT });
});

test("finds what is written backwards", () => {
  const text = "What is the name of the river in this town?";
  expect(hiddenTexts([...text].reverse().join(""))).toContainEqual({ kinds: ["reversed"], text });
});

test("finds one notation inside another, to its depth and no further", () => {
  const once = Buffer.from(TEXT).toString("base64");
  const twice = Buffer.from(once).toString("hex");
  const thrice = Buffer.from(twice).toString("base64");
  expect(hiddenTexts(twice)).toContainEqual({ kinds: ["hex", "base64"], text: TEXT });
  const kinds = hiddenTexts(thrice).map((hidden) => hidden.kinds.join("/"));
  expect(kinds).toContain("base64/hex");
  expect(kinds).not.toContain("base64/hex/base64");
});

test.each([
  TEXT,
  "Commit ca21e35f0b7d4a9e8c6b5d4e3f2a1b0c9d8e7f60 fixes the build of the antidisestablishmentarianism example.",
  "https://example.org/a/very/long/path/to/some/page?id=0123456789abcdef&lang=en",
  "No, on the one hand it is not so; on the other hand, are we to say that it was?",
  "Der Kessel pfeift schon wieder und die Katze ist aus der Küche gegangen.",
  "La bouilloire siffle encore, et le chat a quitté la cuisine depuis longtemps.",
  "Zażółć gęślą jaźń. Wszystkie dzieci poszły do szkoły w poniedziałek rano.",
  "function total(prices) { return prices.reduce((sum, price) => sum + price, 0); }",
  "zzz qqq xxx",
  "",
])("finds nothing in ordinary text %#", (text) => {
  expect(hiddenTexts(text)).toEqual([]);
});

test("never throws, and gives at most as much as its bounds allow", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.base64String({ minLength: 16, maxLength: 400 }),
        fc.stringMatching(/^(%[0-9a-f]{2}|\\u[0-9a-f]{4}|[01]{8} )*$/),
      ),
      (text) => {
        for (const hidden of hiddenTexts(text)) expect(hidden.kinds.length).toBeLessThanOrEqual(2);
      },
    ),
  );
  const many = `${Buffer.from(TEXT).toString("base64")} `.repeat(100);
  expect(hiddenTexts(many, { depth: 1, characters: 1 << 16, payloads: 8 }).filter(({ kinds }) => kinds[0] === "base64")).toHaveLength(8);
});
