import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Another state of this project, to compare with. */
export interface Checkout {
  readonly folder: string;
  /** What a report calls it. */
  readonly name: string;
  readonly close: () => Promise<void>;
}

const git = (...args: readonly string[]): string =>
  execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/** A folder as it is, or a commit checked out into a temporary folder, with this checkout's packages. @throws Error for neither */
export const openCheckout = async (named: string): Promise<Checkout> => {
  if (existsSync(named)) return { folder: resolve(named), name: resolve(named), close: async () => undefined };
  const commit = git("rev-parse", "--verify", "--quiet", `${named}^{commit}`);
  const parent = await mkdtemp(join(tmpdir(), "bench-checkout-"));
  const folder = join(parent, "checkout");
  git("worktree", "add", "--detach", folder, commit);
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  let isOpen = true;
  const close = (): void => {
    if (isOpen) git("worktree", "remove", "--force", folder);
    isOpen = false;
    rmSync(parent, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      close();
      process.exit(1);
    });
  }
  return { folder, name: commit.slice(0, 8), close: async () => close() };
};
