// For tests of fine-tuning: made-up examples of two made-up harms, as lines of JSON.
import { Random } from "#models/random";

export function toyLines(n: number, seed = 1): string {
  const random = new Random(seed, "toy");
  const rows = Array.from({ length: n }, (_, i) => {
    const words = Array.from({ length: 4 + random.below(30) }, () => `word${random.below(150)}`);
    if (i % 2 === 1) for (let k = 0; k < 3; k++) words[random.below(words.length)] = i % 4 === 1 ? "zorblax" : "quimpet";
    return { id: `t${i}`, text: words.join(" "), label: i % 2, categories: i % 2 === 0 ? [] : [i % 4 === 1 ? "hate" : "sexual-content"] };
  });
  return rows.map((row) => JSON.stringify(row)).join("\n");
}
