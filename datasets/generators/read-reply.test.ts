import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { fit } from "./fit-reply.ts";
import { answerOf } from "./fixture-model.ts";
import { readReply } from "./read-reply.ts";
import { findShape, shapeOf } from "./shape.ts";

const object = fc
  .dictionary(fc.string({ maxLength: 6 }), fc.jsonValue(), { minKeys: 1, maxKeys: 4 })
  .map((o) => JSON.parse(JSON.stringify(o)) as object);
const words = fc.string().map((s) => s.replaceAll(/[{}<>]/g, ""));

test("an object is found whatever stands around it", () => {
  fc.assert(
    fc.property(object, words, words, fc.boolean(), (value, before, after, pretty) => {
      const json = JSON.stringify(value, null, pretty ? 2 : 0);
      const expected = { state: "object", value };
      expect(readReply(json)).toEqual(expected);
      expect(readReply(`${before}\n${json}\n${after}`)).toEqual(expected);
      expect(readReply(`\`\`\`json\n${json}\n\`\`\``)).toEqual(expected);
      expect(readReply(`<think>${before} {"a": 1}</think> ${json}`)).toEqual(expected);
      expect(readReply(`${json} ${after} ${json}`)).toEqual({ state: "several" });
    }),
  );
});

test("no text makes it fail, or takes long", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("{", "}", '"', "\\", "a", ":", "1") }), (text) => readReply(text).state !== undefined),
  );
  const started = performance.now();
  for (const piece of ["{", '{"', '{"a":1', '"{', "{}x{"]) readReply(piece.repeat(20_000));
  expect(performance.now() - started).toBeLessThan(3000);
});

test("what a reply that was cut holds does not count", () => {
  expect(readReply('{"a": {"b": 1}, "c": "cut')).toEqual({ state: "none" });
  expect(readReply("[1, 2]")).toEqual({ state: "none" });
});

test("a refusal inside the right shape is the caller's to judge", () => {
  const schema = z.object({ text: z.string() });
  const completion = { finish: "stop", inputTokens: 1, outputTokens: 1, estimated: false } as const;
  const text = "I'm sorry, but I can't assist with that.";
  expect(fit({ ...completion, text: JSON.stringify({ text }) }, schema)).toEqual({ state: "fits", value: { text } });
  expect(fit({ ...completion, text: JSON.stringify({ note: text }) }, schema)).toMatchObject({ state: "refused" });
});

test("a shape tells lengths, notes and choices, and stands on a line that is found again", () => {
  const sample = { title: "three words here", tags: ["one", "two"], text: "word ".repeat(42), verdict: "harmful", n: 3, ok: true };
  const shape = shapeOf(sample, { verdict: "harmful | harmless", title: "what it is called", tags: "a topic" });
  expect(JSON.parse(shape)).toEqual({
    title: "what it is called, 3 words",
    tags: ["a topic, a word", "a topic, a word"],
    text: "about 40 words",
    verdict: "harmful | harmless",
    n: 3,
    ok: true,
  });
  expect(findShape(`Write.\n{not json}\n${shape}\nThank you.`)).toEqual(JSON.parse(shape));
  expect(findShape("Write {this}.")).toBeUndefined();
});

test("the fixture model fills a shape: varied, and the same for the same request", () => {
  const ask = (content: string, seed = 0) => answerOf({ messages: [{ role: "user", content }], seed });
  const prompt = (i: number) =>
    `Topic ${i}\n${shapeOf({ text: "word ".repeat(40), verdict: "harmful", list: ["a b c", "d"] }, { verdict: "harmful | harmless" })}`;
  const schema = z.strictObject({
    text: z.string().min(100),
    verdict: z.enum(["harmful", "harmless"]),
    list: z.array(z.string().min(1)).length(2),
  });
  const replies = Array.from({ length: 200 }, (_, i) => ask(prompt(i)));
  for (const reply of replies) schema.parse(JSON.parse(reply));
  expect(new Set(replies).size).toBe(200);
  expect(ask(prompt(1))).toBe(replies[1]);
  expect(ask(prompt(1), 1)).not.toBe(replies[1]);
  expect(ask("Say something.")).toMatch(/^[A-Z].*\.$/);
});
