// The entry point of the command line, started by cordon.js: `cordon <verb>`, a file a verb in scripts/commands/.
// SIGINT and SIGTERM keep their default, an end at once (a shell sees 130 and 143): a handler would have to wait for a
// fit or a shard that holds the event loop. `cordon serve` sets its own. Outputs are renamed into place when complete,
// so what an interrupted command leaves is never half a file under its final name.
import { enableCompileCache } from "node:module";

// Reading and compiling modules is half of a short command's time; the cache lies in the system's temporary folder.
enableCompileCache();
const { runCli } = await import("./cli.ts");

// A reader that has seen enough (`cordon eval … | head`) must not stop a command that also writes files.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2));
