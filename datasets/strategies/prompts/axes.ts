// Draws the axes of diversity (axes.yaml): persona × medium × register × … as in Persona Hub (arXiv 2406.20094) and NeMo
// Data Designer's samplers.
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readYaml } from "#datasets/files/read-yaml";
import type { Random } from "#models/random";

const list = z.array(z.string().min(1)).min(2);

const axesSchema = z.strictObject({
  persona: list,
  medium: list,
  register: list,
  locale: list,
  moment: list,
  reader: list,
  genre: list,
  words: z.array(z.number().int().positive()).min(2),
});

export type Axes = z.infer<typeof axesSchema>;
export type AxisName = Exclude<keyof Axes, "words">;

/** What was drawn for a text: a value of each axis, and about how many words it should have. */
export type Drawn = Partial<Record<AxisName, string>> & { words: number };

export function readAxes(): Promise<Axes> {
  return readYaml(fileURLToPath(new URL("axes.yaml", import.meta.url)), axesSchema);
}

/** @param longest the most words that make sense for the text */
export function drawAxes(axes: Axes, names: readonly AxisName[], random: Random, longest = 260): Drawn {
  const words = random.pick(axes.words.filter((n) => n <= longest));
  return { ...Object.fromEntries(names.map((name) => [name, random.pick(axes[name])])), words };
}

/** As lines of a prompt. */
export function describeAxes(drawn: Drawn): string {
  const lines = Object.entries(drawn).map(([name, value]) => (name === "words" ? `- length: about ${value} words` : `- ${name}: ${value}`));
  return lines.join("\n");
}
