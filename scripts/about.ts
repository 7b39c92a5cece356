// What made a result: the version and the revision of the checkout it ran from.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import packageJson from "#package" with { type: "json" };

export const CORDON_VERSION: string = packageJson.version;

const git = (...args: string[]) =>
  execFileSync("git", args, {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();

/** The checkout's commit, with `-dirty` where tracked files differ from it; `unknown` outside a checkout. */
export function gitRevision(): string {
  try {
    const revision = git("rev-parse", "HEAD");
    return git("status", "--porcelain", "--untracked-files=no") === "" ? revision : `${revision}-dirty`;
  } catch {
    return "unknown";
  }
}

/**
 * The day of what a result was made with, YYYY-MM-DD, the same each time it is made: SOURCE_DATE_EPOCH
 * (reproducible-builds.org), else the commit's, else 1970-01-01.
 */
export function revisionDate(): string {
  const epoch = Number(process.env["SOURCE_DATE_EPOCH"] ?? Number.NaN);
  if (Number.isInteger(epoch) && epoch >= 0) return new Date(epoch * 1000).toISOString().slice(0, 10);
  try {
    return git("show", "--no-patch", "--format=%cs", "HEAD");
  } catch {
    return "1970-01-01";
  }
}
