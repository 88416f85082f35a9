import { defineConfig } from "vite";

/** The page's build: one script and one style sheet with their hashes in their names, and relative addresses only. */
export default defineConfig({
  root: import.meta.dirname,
  // A stage prefix is not known when the page is built.
  base: "./",
  publicDir: false,
  logLevel: "warn",
  // Said here, since a build from within a test run counts as one for development otherwise.
  oxc: { jsx: { runtime: "automatic", importSource: "preact", development: false } },
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    // light-dark(), <dialog> and `blocking="render"` are native from these on.
    target: ["chrome123", "firefox128", "safari17.5"],
    modulePreload: false,
    // The content security policy allows no inlined image beyond what the page says itself.
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: false } },
  },
});
