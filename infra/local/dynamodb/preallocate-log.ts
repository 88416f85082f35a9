import { open, stat } from "node:fs/promises";

/** SQLite's write-ahead log starts over at 1,000 pages of 4 KB, each with a header of 24 bytes; its own has 32. */
const logBytes = 32 + 1_000 * (24 + 4_096);

const formatName = "SQLite format 3\0";
/** Bytes 18 and 19 of a database that has a write-ahead log. */
const withLog = Buffer.from([2, 2]);

/** Whether a file is a database with a write-ahead log. */
export const hasLog = async (dataFile: string): Promise<boolean> => {
  const file = await open(dataFile).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0);
    return bytesRead === 20 && buffer.toString("latin1", 0, 16) === formatName && buffer.subarray(18).equals(withLog);
  } finally {
    await file.close();
  }
};

/**
 * Gives the write-ahead log of a database its final size before an engine opens it. Each commit waits until its pages are on
 * disk; while a log grows, the file system also has to note the new blocks and the new size, which takes about as long again.
 * SQLite reads a log up to the first frame whose checksum does not fit, and zeros have none, so what is in the log stays as
 * it is. Not for a database that is in use. Where the disk is full, the log grows as it would have.
 */
export const preallocateLog = async (dataFile: string): Promise<void> => {
  const path = `${dataFile}-wal`;
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size >= logBytes) return;
  const log = await open(path, "a");
  try {
    await log.write(Buffer.alloc(logBytes - size));
    await log.sync();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOSPC") throw error;
  } finally {
    await log.close();
  }
};
