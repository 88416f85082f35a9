import { ensurePlatform } from "#infra/mocked/install-platform.ts";

/**
 * Why SST's components cannot be had here (no npm registry, say), or undefined. Tests over them are then skipped, and
 * their names say why. The first file that asks unpacks them; that takes up to a minute, once.
 */
export const missingPlatform = await ensurePlatform();

/** Ends a suite's name with the reason for which it is skipped. */
export const suiteName = (name: string): string =>
  missingPlatform === undefined ? name : `${name} (skipped: ${missingPlatform.split("\n")[0]})`;
