import { defineConfig } from "vite";

/**
 * The page's build: a first script, one script for each page of the menu, and one style sheet, with their hashes in their
 * names, and relative addresses only.
 */
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
    // The document names what the first script imports, so that both travel at once. These browsers need no polyfill.
    modulePreload: { polyfill: false },
    // The content security policy allows no inlined image beyond what the page says itself.
    assetsInlineLimit: 0,
    // Pages share one script of small parts instead of one for each.
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: "shared", test: /node_modules|page\/src\/(?:api|ui)\//, minShareCount: 3 }] },
      },
    },
  },
});
