import { closeSync, openSync, write } from "node:fs";
import { promisify } from "node:util";
import { diskReason } from "./disk-fault.ts";

const writeTo = promisify(write);

/**
 * The functions' log. Lines that the disk does not take are lost and the gateway runs on: the first of them is reported,
 * and the end of the trouble too.
 */
export class LogFile {
  readonly #path: string;
  readonly #report: (line: string) => void;
  readonly #file: number;
  #waiting = "";
  #writing: Promise<void> | undefined;
  #isFailing = false;

  /** @throws Error when the file cannot be opened. */
  constructor(path: string, report: (line: string) => void) {
    this.#path = path;
    this.#report = report;
    this.#file = openSync(path, "a", 0o600);
  }

  write(line: string): void {
    this.#waiting += `${line}\n`;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    closeSync(this.#file);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== "") {
      let rest = Buffer.from(this.#waiting);
      this.#waiting = "";
      try {
        while (rest.length > 0) rest = rest.subarray((await writeTo(this.#file, rest)).bytesWritten);
        if (this.#isFailing) this.#report(`${this.#path} takes lines again.`);
        this.#isFailing = false;
      } catch (error) {
        const reason = diskReason(error) ?? (error instanceof Error ? error.message : String(error));
        if (!this.#isFailing) this.#report(`${this.#path} takes no more lines: ${reason}. The gateway runs on.`);
        this.#isFailing = true;
      }
    }
  }
}
