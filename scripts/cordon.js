#!/usr/bin/env node
// Starts the command line, cordon.ts, on a Node that can run it: this one, or where it is too old (it could not load a
// .ts file and would print only a stack) the one that `npm ci` brings as a development dependency.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NEEDED = 24;
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const ownNode = path("../node_modules/node/bin/node");

if (Number.parseInt(process.versions.node, 10) >= NEEDED) await startHere();
else if (existsSync(ownNode)) startOn(ownNode);
else fail(`needs Node ${NEEDED} or newer and this is ${process.versions.node}: install it, or run \`npm ci\`, which brings one`);

async function startHere() {
  try {
    await import("./cordon.ts");
  } catch (error) {
    if (error?.code !== "ERR_MODULE_NOT_FOUND" || !error.message.startsWith("Cannot find package")) throw error;
    fail("its dependencies are not installed: run `npm ci` in its folder");
  }
}

function startOn(node) {
  const child = spawn(node, [path("./cordon.ts"), ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal signals both processes, a supervisor only this one; the child decides when to end.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(what) {
  process.stderr.write(`cordon: ${what}\n`);
  process.exitCode = 1;
}
