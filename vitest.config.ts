// `npm test` runs the fast tests, `npm run test:slow` the files named *.slow.test.ts (a whole pipeline, a browser).
import { defineConfig } from "vitest/config";

const tests = "{models,datasets,eval,train,serve,scripts,docs}/**/*.test.ts";
const slowTests = "**/*.slow.test.ts";

export default defineConfig({
  test: {
    // Forks, because tests start worker threads and onnxruntime, whose native sessions do not survive a vm context.
    pool: "forks",
    projects: [
      { extends: true, test: { name: "fast", include: [tests], exclude: [slowTests], testTimeout: 30_000 } },
      {
        extends: true,
        test: { name: "slow", include: [slowTests], exclude: ["node_modules/**", "runs/**"], testTimeout: 900_000, fileParallelism: false },
      },
    ],
  },
});
