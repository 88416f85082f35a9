/** Faults of the disk, which a person ends by making room: one line, never a stack. */

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the disk is read-only",
  EIO: "the disk does not work",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
};

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** Why the disk refused a write, such as `the disk is full (ENOSPC)`; undefined for any other fault. */
export const diskReason = (error: unknown): string | undefined => {
  const code = codeOf(error);
  const reason = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
  return reason === undefined ? undefined : `${reason} (${code})`;
};

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What a person reads of a start that failed. */
export const startFault = (error: unknown, folder: string): string => {
  const reason = diskReason(error);
  return reason === undefined ? textOf(error) : `The data folder ${folder} cannot be written: ${reason}.`;
};

/** Reports that a part failed: a line when the disk is why, otherwise everything that is known. */
export const reportFault = (part: string, error: unknown): void => {
  const reason = diskReason(error);
  if (reason === undefined) console.error(`${part} failed:`, error);
  else process.stderr.write(`${part} could not save its data: ${reason}.\n`);
};
