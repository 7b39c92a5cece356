import { expect, test } from "vitest";
import type { Example } from "#datasets/example";
import { withoutHalfPairs } from "./half-pairs.ts";

const row = (id: string, over: Partial<Example> = {}): Example => ({
  id,
  text: id,
  label: 0,
  categories: [],
  unknown: [],
  lang: "en",
  synthetic: false,
  ...over,
});
const ids = (rows: readonly Example[]) => rows.map((r) => r.id);

test("a natural row whose twin is not there is left out; whole pairs, synthetic rows and single ones stay", () => {
  const rows = [
    row("whole/0", { pair: "whole" }),
    row("half", { pair: "half" }),
    row("single"),
    row("whole/1", { pair: "whole", label: 1 }),
    row("written", { pair: "written", synthetic: true }),
  ];
  expect(ids(withoutHalfPairs(rows))).toEqual(["whole/0", "single", "whole/1", "written"]);
  expect(withoutHalfPairs([row("a"), row("b")])).toHaveLength(2);
});
