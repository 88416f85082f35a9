/**
 * What `#function` and `#adapter` stand for in every build but those that package.json names: nothing.
 *
 * esbuild makes a chunk of every set of modules that is reached from the same entries, and each lazy import is an entry: without
 * them, code that a chat needs first came in 44 chunks, at nearly 1 ms of a cold start each. `#function` is the function that is
 * being built. Imported by what nearly every lazy module imports, it lets each of those reach all code that the function loads at
 * once, which is there already: so that is one chunk. `#adapter` is the adapter that most requests of the function call.
 * Imported by every other one, it makes that one a chunk. docs/decisions/0030
 */
export {};
