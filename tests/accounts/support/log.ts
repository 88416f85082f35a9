import { afterEach, beforeEach, vi } from "vitest";

export interface CapturedLog {
  /** Everything that was written since the test began or `clear()`. */
  text(): string;
  clear(): void;
}

/**
 * Everything that the gateway's logger and console write during each test of a file, kept instead of shown. The logger
 * writes by `console` in development mode and to the streams otherwise: both are listened to.
 */
export const captureLog = (): CapturedLog => {
  let written = "";
  const keep = (...parts: readonly unknown[]): void => {
    written += `${parts.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" ")}\n`;
  };
  beforeEach(() => {
    written = "";
    for (const method of ["log", "info", "warn", "error", "debug", "trace"] as const) {
      vi.spyOn(console, method).mockImplementation(keep);
    }
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, "write").mockImplementation((chunk: unknown) => {
        keep(String(chunk));
        return true;
      });
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return {
    text: () => written,
    clear: () => {
      written = "";
    },
  };
};
