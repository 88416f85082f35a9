import { defineConfig } from "vite";

/** The page's build: one script and one style sheet with their hashes in their names, and relative addresses only. */
export default defineConfig({
  root: import.meta.dirname,
  // A stage prefix is not known when the page is built.
  base: "./",
  publicDir: false,
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    // light-dark(), <dialog> and `blocking="render"` are native from these on.
    target: ["chrome123", "firefox128", "safari17.5"],
    modulePreload: false,
    // The content security policy allows no inlined image beyond what the page says itself.
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: false } },
  },
});
