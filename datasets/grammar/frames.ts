// The frames and shared slots of the grammar, checked (frames.yaml, slots.yaml).
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readYaml } from "#datasets/files/read-yaml";

const list = z.array(z.string().min(1)).min(1);

const framesSchema = z.strictObject({
  questions: list,
  imperatives: list,
  statements: list,
  personas: list,
  pages: z.strictObject({ opening: list, middle: list, closing: list }),
  prose: list,
});

export type Frames = z.infer<typeof framesSchema>;
export type Slots = Record<string, string[]>;

export async function readFrames(): Promise<{ frames: Frames; slots: Slots }> {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  return {
    frames: await readYaml(path("frames.yaml"), framesSchema),
    slots: await readYaml(path("slots.yaml"), z.record(z.string(), list)),
  };
}
