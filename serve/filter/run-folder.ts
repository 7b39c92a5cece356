// The folder of a run: run.json says which run it is, so that --resume goes on in its own folder only.
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CordonError } from "#models/errors";
import { configSha256, type FilterConfig, filterConfigSchema } from "./filter-config.ts";
import { writeJson } from "./ledger.ts";

const RUN_FILE = "run.json";

/**
 * Makes the folder ready for a run of this configuration.
 * @throws CordonError usage/output-exists for a folder that is not empty, filter/other-run where --resume finds
 *   another configuration
 */
export function openRunFolder(out: string, config: FilterConfig, resume: boolean): void {
  const path = join(out, RUN_FILE);
  const hash = configSha256(config);
  let entries: string[] = [];
  try {
    if (existsSync(out)) entries = readdirSync(out);
  } catch (cause) {
    throw new CordonError("usage/output-exists", "not a folder", { where: out, hint: "choose another --out", cause });
  }
  if (entries.length > 0) {
    if (!resume)
      throw new CordonError("usage/output-exists", "the output folder is not empty", {
        where: out,
        hint: "pass --resume to go on with its run, or choose another --out",
      });
    const known = readRun(path);
    if (known === null)
      throw new CordonError("filter/other-run", `the output folder has no readable ${RUN_FILE}`, {
        where: out,
        hint: "choose another --out",
      });
    if (configSha256(known) !== hash) {
      throw new CordonError("filter/other-run", `the output folder holds a run with another ${differences(known, config).join(", ")}`, {
        where: out,
        hint: "repeat that run's options, or choose another --out",
      });
    }
    removeLeftovers(out);
  }
  mkdirSync(out, { recursive: true });
  writeJson(path, { ...config, configSha256: hash });
}

function readRun(path: string): FilterConfig | null {
  try {
    return filterConfigSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null;
  }
}

function differences(a: FilterConfig, b: FilterConfig): string[] {
  return (Object.keys(a) as (keyof FilterConfig)[]).filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
}

/** Temporary files of runs that were killed. A process that still lives keeps its own. */
function removeLeftovers(out: string): void {
  for (const name of globSync("**/*.partial", { cwd: out })) {
    const pid = Number(/\.(\d+)\.partial$/.exec(name)?.[1]);
    if (Number.isInteger(pid) && !(pid !== process.pid && alive(pid))) rmSync(join(out, name), { force: true });
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
