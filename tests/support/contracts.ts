import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("../../../shared/contracts/", import.meta.url);

/**
 * The path of a vendor's specification that contract tests hold our stand-ins and answers against, or undefined where
 * the specifications are not at hand. Skip then: `describe.skipIf(contract("…") === undefined)`.
 */
export const contract = (fileName: string): string | undefined => {
  const path = fileURLToPath(new URL(fileName, folder));
  return existsSync(path) ? path : undefined;
};
