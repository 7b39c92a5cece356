// The name of a data set in results: its file's name without extensions, with as many parent folders as tell two apart.
import { basename, resolve, sep } from "node:path";

const EXTENSIONS = /(\.(jsonl|ndjson|json|csv|tsv|txt|parquet|gz|zst|zstd|sealed))+$/i;

/** One name a file, all different. */
export function setNames(files: readonly string[]): string[] {
  const parts = files.map((file) => resolve(file).split(sep).filter(Boolean));
  const short = parts.map((p) => [...p.slice(0, -1), p.at(-1)!.replace(EXTENSIONS, "")]);
  return short.map((own, i) => {
    for (let depth = 1; depth <= own.length; depth++) {
      const name = own.slice(-depth).join("/");
      if (short.every((other, j) => j === i || other.slice(-depth).join("/") !== name)) return name;
    }
    // The same folder and the same name: only the extensions tell them apart.
    return basename(files[i]!);
  });
}
