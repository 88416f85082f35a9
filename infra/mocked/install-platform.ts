import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/**
 * Unpacks SST's own components into `.sst/platform`, as `sst install` does. It needs the npm registry and no AWS account.
 * Without them neither the types of `infra/` nor the tests of the deployed resources can be had.
 */

const root = path.resolve(import.meta.dirname, "../..");
const workFolder = path.join(root, ".sst");
const platformFolder = path.join(workFolder, "platform");
/** The last thing that an install brings. */
const installedMark = path.join(platformFolder, "node_modules/@pulumi/aws/package.json");
const lockFolder = path.join(root, ".sst-install.lock");

const installTimeoutMs = 240_000;
/** A lock of a process that was killed: no install takes this long. */
const staleLockMs = installTimeoutMs + 60_000;
const pollMs = 500;

const require = createRequire(import.meta.url);

const bunPath = (): string | undefined => {
  try {
    return require.resolve("@oven/bun-linux-x64/bin/bun");
  } catch {
    return undefined;
  }
};

/** Switches that keep the CLI from downloading what an install does not need, and from asking AWS anything. */
export const offlineSwitches = (): Record<string, string> => {
  const bun = bunPath();
  return {
    SST_SKIP_DEPENDENCY_CHECK: "1",
    SST_TELEMETRY_DISABLED: "1",
    AWS_EC2_METADATA_DISABLED: "true",
    // With npm instead of bun the same install takes 40 s instead of 5.
    ...(bun === undefined ? { SST_NO_BUN: "1" } : { SST_BUN_PATH: bun }),
  };
};

const sstVersion = async (): Promise<string> => {
  const { dependencies } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as {
    dependencies: { sst: string };
  };
  return dependencies.sst;
};

/** Whether the platform of the very version in package.json is there. */
const isPlatformInstalled = async (): Promise<boolean> => {
  if (!existsSync(installedMark)) return false;
  const unpacked = await readFile(path.join(platformFolder, "version"), "utf8");
  return unpacked.trim() === (await sstVersion());
};

const install = async (): Promise<void> => {
  await promisify(execFile)(
    process.execPath,
    [path.join(root, "node_modules/sst/bin/sst.mjs"), "install", "--stage", "ci"],
    {
      cwd: root,
      timeout: installTimeoutMs,
      env: { ...process.env, ...offlineSwitches(), NO_COLOR: "1" },
    },
  );
};

const takeLock = async (): Promise<boolean> => {
  try {
    await mkdir(lockFolder);
    return true;
  } catch {
    const held = await stat(lockFolder).catch(() => undefined);
    if (held !== undefined && Date.now() - held.mtimeMs > staleLockMs) {
      await rm(lockFolder, { recursive: true, force: true });
    }
    return false;
  }
};

const messageOf = (error: unknown): string => {
  const {
    stdout = "",
    stderr = "",
    message = String(error),
  } = error as { stdout?: string; stderr?: string; message?: string };
  return [message, stdout, stderr].join("\n").trim().slice(0, 2_000);
};

/** Why the platform cannot be had, or undefined once it is there. One process installs, the others wait for it. */
export const ensurePlatform = async (): Promise<string | undefined> => {
  for (const deadline = Date.now() + staleLockMs; Date.now() < deadline; await delay(pollMs)) {
    if (!existsSync(lockFolder) && (await isPlatformInstalled())) return undefined;
    if (!(await takeLock())) continue;
    try {
      await install();
      return (await isPlatformInstalled()) ? undefined : "sst install ended without the platform";
    } catch (error) {
      return `sst install failed (it needs the npm registry): ${messageOf(error)}`;
    } finally {
      await rm(lockFolder, { recursive: true, force: true });
    }
  }
  return "another process holds the lock of sst install";
};
