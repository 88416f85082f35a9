import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";

const script = join(import.meta.dirname, "../../load/long-stream.ts");

describe.skipIf(!hasTables)(`a long stream (${tablesName})`, () => {
  it("takes no more memory than a short one, with cache and Idempotency-Key in force: 40 MB against 1 MB", async () => {
    // Fails, with what it found, when the long one takes over 20 MB more.
    const options = ["--short", "1", "--long", "40", "--cases", "bytes"];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, ...options]).catch(
      (error: { readonly stdout: string; readonly stderr: string }) => error,
    );
    expect(stderr).toBe("");
    expect(stdout).not.toContain("TOO MUCH");
    expect(stdout).toContain("bytes, resident:");
    expect(stdout).toContain("bytes, live:");
  }, 180_000);
});
