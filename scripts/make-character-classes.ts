// Writes models/text/character-classes.json: which code points onnxruntime's Tokenizer takes as word characters
// ([\p{L}\p{N}]) and as white space (\s), found by asking it for every one. The table is committed, so that a newer
// Unicode version in Node or in onnxruntime cannot silently change a trained model's features.
//   node scripts/make-character-classes.ts
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ort from "onnxruntime-node";
import { GraphBuilder } from "#models/onnx/graph";

const graph = new GraphBuilder();
const tokenizer = { mark: { int: 0 }, pad_value: { string: "" }, mincharnum: { int: 1 } };
const expression = { tokenexp: { string: "[\\p{L}\\p{N}]+|[^\\s\\p{L}\\p{N}]" } };
graph.op("Tokenizer", ["text"], { ...expression, ...tokenizer }, { domain: "com.microsoft", output: "tokens" });
const bytes = graph.build([{ name: "text", type: "string", shape: ["N"] }], [{ name: "tokens", type: "string", shape: ["N", "T"] }], {
  name: "probe",
  producerVersion: "0",
  doc: "",
  opsets: { "": 18, "com.microsoft": 1 },
  metadata: {},
});
const session = await ort.InferenceSession.create(bytes);

/** "a?b" is one token where ? is a word character, two where it is white space, three where it stands alone. */
async function classes(codePoints: number[]): Promise<number[]> {
  const texts = codePoints.map((c) => `a${String.fromCodePoint(c)}b`);
  const { tokens } = await session.run({ text: new ort.Tensor("string", texts, [texts.length]) });
  const width = tokens!.dims[1]!;
  return codePoints.map((_, row) => (tokens!.data as string[]).slice(row * width, (row + 1) * width).filter((t) => t !== "").length);
}

const word: [number, number][] = [];
const space: number[] = [];
for (let first = 1; first <= 0x10ffff; first += 4096) {
  const block = Array.from({ length: 4096 }, (_, i) => first + i).filter((c) => c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
  if (block.length === 0) continue;
  const counts = await classes(block);
  block.forEach((codePoint, i) => {
    if (counts[i] === 2) space.push(codePoint);
    if (counts[i] !== 1) return;
    const last = word.at(-1);
    if (last && last[1] === codePoint - 1) last[1] = codePoint;
    else word.push([codePoint, codePoint]);
  });
}
const target = fileURLToPath(new URL("../models/text/character-classes.json", import.meta.url));
writeFileSync(target, `{"space":${JSON.stringify(space)},\n"word":${JSON.stringify(word)}}\n`);
process.stdout.write(`${space.length} white-space code points, ${word.length} ranges of word characters\n`);
