// What made a result: the version and the revision of the checkout it ran from.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import packageJson from "#package" with { type: "json" };

export const CORDON_VERSION: string = packageJson.version;

/** The checkout's commit, with `-dirty` where tracked files differ from it; `unknown` outside a checkout. */
export function gitRevision(): string {
  const git = (...args: string[]) =>
    execFileSync("git", args, {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    const revision = git("rev-parse", "HEAD");
    return git("status", "--porcelain", "--untracked-files=no") === "" ? revision : `${revision}-dirty`;
  } catch {
    return "unknown";
  }
}
