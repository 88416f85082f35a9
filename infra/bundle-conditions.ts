/**
 * The conditions under which a function is bundled: the name of its file, which package.json maps `#function` and `#adapter` by
 * (core/nothing.ts), and esbuild's own `module`, which any other condition turns off.
 */
export const bundleConditions = (handler: string): readonly string[] => [
  "module",
  handler
    .replace(/^functions\//, "")
    .replace(/\.handler$/, "")
    .replaceAll("/", "-"),
];
