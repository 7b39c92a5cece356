import fc from "fast-check";
import { expect, test } from "vitest";
import { RowScanner } from "./row-scanner.ts";

const scanner = new RowScanner({ text: "text", id: "id" });

/** What JSON.parse makes of a line, in the scanner's terms. */
function expected(line: string): { fault: string } | { fault: null; text: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { fault: "not-json" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { fault: "not-an-object" };
  if (!Object.hasOwn(value, "text")) return { fault: "no-text" };
  const { text } = value as { text: unknown };
  return typeof text === "string" ? { fault: null, text } : { fault: "text-not-a-string" };
}

function check(line: string, before = "", after = ""): void {
  // Lone surrogates of the line itself cannot be written as UTF-8: both sides see what can.
  const bytes = Buffer.from(line);
  const wanted = expected(bytes.toString());
  // Between other bytes, as in a block of lines, so that reading past either end shows.
  const all = Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
  const start = Buffer.byteLength(before);
  const fault = scanner.scan(all, start, start + bytes.length);
  expect(fault).toBe(wanted.fault);
  if (wanted.fault !== null) return;
  const text = Buffer.from(scanner.textBytes.subarray(scanner.textStart, scanner.textEnd));
  expect(text.equals(Buffer.from(wanted.text)), "the text's bytes").toBe(true);
}

const key = fc.oneof(fc.constantFrom("text", "id", "source", "metadata", "__proto__"), fc.string({ unit: "binary", maxLength: 6 }));
const { row } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    tie("list"),
    tie("row"),
  ),
  list: fc.array(tie("value"), { maxLength: 3 }),
  row: fc.dictionary(key, tie("value"), { maxKeys: 5 }),
}));
const withText = fc.record({ id: fc.oneof(fc.string(), fc.integer()), text: fc.string({ unit: "binary", maxLength: 60 }), more: row });
const space = fc.constantFrom("", " ", "\t", "\r", "  ", "\n");

/** Serialises with free white space and, at will, with every character of the strings escaped. */
function write(value: unknown, gap: string, escape: boolean): string {
  if (typeof value === "string") {
    if (!escape) return JSON.stringify(value);
    return `"${Array.from({ length: value.length }, (_, i) => `\\u${value.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")}"`;
  }
  if (Array.isArray(value)) return `[${gap}${value.map((v) => write(v, gap, escape)).join(`${gap},${gap}`)}${gap}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([k, v]) => `${write(k, gap, escape)}${gap}:${gap}${write(v, gap, escape)}`);
  return `{${gap}${members.join(`${gap},${gap}`)}${gap}}`;
}

test("agrees with JSON.parse on every row", () => {
  fc.assert(
    fc.property(fc.oneof(row, withText), space, fc.boolean(), (value, gap, escape) =>
      check(`${gap}${write(value, gap, escape)}${gap}`, '"', '"}'),
    ),
    { numRuns: 400 },
  );
});

test("agrees with JSON.parse on rows with bytes changed, put in, taken out or doubled", () => {
  const edit = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom("change", "insert", "remove", "repeat"),
    with: fc.oneof(fc.constantFrom(...'{}[]",:\\u0123456789+-.eEtfn \t\r\n/b'), fc.string({ unit: "binary", minLength: 1, maxLength: 1 })),
  });
  fc.assert(
    fc.property(
      fc.oneof(row, withText),
      space,
      fc.boolean(),
      fc.array(edit, { minLength: 1, maxLength: 3 }),
      (value, gap, escape, edits) => {
        let line = write(value, gap, escape);
        for (const { at, kind, with: put } of edits) {
          const i = at % (line.length + 1);
          if (kind === "change") line = line.slice(0, i) + put + line.slice(i + 1);
          else if (kind === "insert") line = line.slice(0, i) + put + line.slice(i);
          else if (kind === "remove") line = line.slice(0, i) + line.slice(i + 1);
          else line = line.slice(0, i) + line.slice(Math.max(0, i - 7));
        }
        check(line, "  ", '","');
      },
    ),
    { numRuns: 3000 },
  );
});

test("agrees with JSON.parse on what is written by hand", () => {
  const lines = [
    "",
    " ",
    "{}",
    "[]",
    "null",
    "1",
    '"text"',
    "{",
    "}",
    '{"text"}',
    '{"text":}',
    '{"text":"a"',
    '{"text":"a}',
    '{"text":"a",}',
    '{,"text":"a"}',
    '{"text":"a"}{}',
    '{"text":"a"} x',
    '{"text":"a"}\u00a0',
    '\ufeff{"text":"a"}',
    "{'text':'a'}",
    '{text:"a"}',
    '{"text":"a"/**/}',
    '{"text":"a\tb"}',
    '{"text":"a\\tb"}',
    '{"text":"\\x41"}',
    '{"text":"\\u00"}',
    '{"text":"\\u00g0"}',
    '{"text":"\\',
    '{"text":"\\u',
    '{"text":"\\""}',
    '{"text":"a\\\\"}',
    '{"text":"\\ud83d\\ude00"}',
    '{"text":"\\ud83d"}',
    '{"text":"\\ude00\\ud83d"}',
    '{"text":"\\ud83d\\ud83d\\ude00"}',
    '{"text":"\\ud83d\\n"}',
    '{"text":"\\ud83dx"}',
    '{"text":"\u0000"}',
    '{"text":"\u007f\u0080\u2028"}',
    '{"text":"","text":1}',
    '{"text":1,"text":""}',
    '{"text":"a\\nb","text":"cd"}',
    '{"text":"ab","text":"c\\nd"}',
    '{"te\\u0078t":"a"}',
    '{"te\\u0078t":"a","text":"b"}',
    '{"text":"a","te\\u0078t":[]}',
    '{"TEXT":"a"}',
    '{"a":{"text":"a"}}',
    '{"a":[{"text":"a"}]}',
    '[{"text":"a"}]',
    '{"text":{"text":"a"}}',
    '{"text":["a"]}',
    '{"text":null}',
    '{"text":true}',
    '{"text":tru}',
    '{"text":truex}',
    '{"n":-}',
    '{"n":-0}',
    '{"n":01}',
    '{"n":1.}',
    '{"n":.5}',
    '{"n":1e}',
    '{"n":1e+5}',
    '{"n":1E-05}',
    '{"n":+1}',
    '{"n":1.5e3,"text":"a"}',
    '{"n":0x1}',
    '{"n":NaN}',
    '{"n":-Infinity}',
    '{"n":[1,]}',
    '{"n":[,1]}',
    '{"n":[1 2]}',
    '{"n":[[[]],{},{"a":[{}]}],"text":"a"}',
    '{"n":]}',
    '{"n":[}',
    '{"":"","text":"a"}',
    '{"__proto__":{"text":1},"text":"a"}',
  ];
  for (const line of lines) check(line, "\\", '"}');
});

test("nesting has no limit", () => {
  const deep = 100_000;
  check(`{"n":${"[".repeat(deep)}${"]".repeat(deep)},"text":"a"}`);
  check(`{"n":${'{"a":'.repeat(1000)}1${"}".repeat(1000)},"text":"a"}`);
  check(`{"n":${"[".repeat(deep)}${"]".repeat(deep - 1)},"text":"a"}`);
});

test("finds id and source as they stand in the row, also under another name", () => {
  const span = (line: string, names = { text: "text", id: "id" }) => {
    const own = new RowScanner(names);
    const bytes = Buffer.from(line);
    expect(own.scan(bytes, 0, bytes.length)).toBe(null);
    const raw = ({ start, end, kind }: typeof own.id) => (start < 0 ? null : [kind, bytes.toString("utf8", start, end)]);
    return { id: raw(own.id), source: raw(own.source) };
  };
  expect(span('{"id":"a\\"1","source" : "s","text":""}')).toEqual({ id: ["string", '"a\\"1"'], source: ["string", '"s"'] });
  expect(span('{"id":1,"id":-2.50,"text":""}')).toEqual({ id: ["number", "-2.50"], source: null });
  expect(span('{"id":{"id":"x"},"text":""}').id![0]).toBe("other");
  expect(span('{"uid":"x","id":"y","body":"b"}', { text: "body", id: "uid" }).id).toEqual(["string", '"x"']);
  expect(span('{"na\\u00efve":"b","id":"y"}', { text: "naïve", id: "id" }).id).toEqual(["string", '"y"']);
});
