// Turns the patterns of a command line into files.
import { glob, stat } from "node:fs/promises";
import { CordonError } from "#models/errors";

/**
 * The files that the patterns name, each once, sorted by code unit. A pattern that is the name of a file stands for that
 * file, whatever characters it holds; folders in a glob's matches are passed over.
 * @throws CordonError usage/missing-file for a pattern that names nothing
 */
export async function expandGlobs(patterns: readonly string[]): Promise<string[]> {
  const files = new Set<string>();
  for (const pattern of patterns) {
    const kind = await kindOf(pattern);
    if (kind === "file") {
      files.add(pattern);
      continue;
    }
    if (kind === "folder") {
      throw new CordonError("usage/missing-file", "a folder stands where files are read", {
        where: pattern,
        hint: `name its files, such as ${await filesOf(pattern.replace(/\/+$/, ""))}`,
      });
    }
    if (!/[*?[\]{}()]/.test(pattern)) throw new CordonError("usage/missing-file", "no such file", { where: pattern });
    let found = 0;
    for await (const match of glob(pattern)) {
      if ((await kindOf(match)) !== "file") continue;
      files.add(match);
      found++;
    }
    if (found === 0) throw new CordonError("usage/missing-file", "no file matches the pattern", { where: pattern });
  }
  return [...files].sort();
}

/** Of what `cordon generate` writes, the examples alone: its other JSONL file has no texts. */
async function filesOf(folder: string): Promise<string> {
  for (const name of ["examples.jsonl", "examples.jsonl.sealed"])
    if ((await kindOf(`${folder}/${name}`)) === "file") return `${folder}/${name}`;
  return `"${folder}/*.jsonl"`;
}

async function kindOf(path: string): Promise<"file" | "folder" | "none"> {
  try {
    // Pipes and devices are read like files.
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    return "none";
  }
}
