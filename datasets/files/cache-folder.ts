// Where what was fetched or paid for is kept between runs.
import { homedir } from "node:os";
import { join } from "node:path";

/** A folder of `$CORDON_CACHE`, by default of `~/.cache/cordon`. */
export function cacheFolder(name: "hub" | "models" | "replies", env: NodeJS.ProcessEnv = process.env): string {
  return join(env["CORDON_CACHE"] || join(homedir(), ".cache", "cordon"), name);
}
