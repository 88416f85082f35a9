import { readFile, rename, writeFile } from "node:fs/promises";
import * as z from "zod";

const checkpointSchema = z.object({
  streamArn: z.string(),
  /** By shard id: the last sequence number that is done. */
  positions: z.record(z.string(), z.string()),
  /** Shards that were read to their end. */
  finished: z.array(z.string()),
});

/** How far a stream has been read. */
export interface Checkpoint {
  readonly positionOf: (shardId: string) => string | undefined;
  readonly isFinished: (shardId: string) => boolean;
  readonly advance: (shardId: string, sequenceNumber: string) => Promise<void>;
  readonly finish: (shardId: string) => Promise<void>;
}

/**
 * Opens the checkpoint of a stream. With a file each step is on disk before it resolves (written beside, then renamed);
 * without one it lives in memory. The file of another stream, such as that of a table created anew, starts from zero.
 * @throws Error when the file is there but is no checkpoint.
 */
export const openCheckpoint = async (streamArn: string, file: string | undefined): Promise<Checkpoint> => {
  const saved = file === undefined ? undefined : await read(file);
  const same = saved?.streamArn === streamArn ? saved : undefined;
  const positions = new Map(Object.entries(same?.positions ?? {}));
  const finished = new Set(same?.finished ?? []);
  const save = async (): Promise<void> => {
    if (file === undefined) return;
    const text = JSON.stringify({ streamArn, positions: Object.fromEntries(positions), finished: [...finished] });
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  return {
    positionOf: (shardId) => positions.get(shardId),
    isFinished: (shardId) => finished.has(shardId),
    advance: (shardId, sequenceNumber) => {
      positions.set(shardId, sequenceNumber);
      return save();
    },
    finish: (shardId) => {
      positions.delete(shardId);
      finished.add(shardId);
      return save();
    },
  };
};

const read = async (file: string): Promise<z.infer<typeof checkpointSchema> | undefined> => {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return checkpointSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${file} is not a checkpoint of a stream. Remove it to read the stream from its start.`, { cause });
  }
};
