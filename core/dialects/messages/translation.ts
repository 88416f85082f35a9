import type { GatewayError } from "#core/errors.ts";

/** What is noted while one request is translated. */
export class Translation {
  /** Names of what was left out. */
  readonly dropped = new Set<string>();
  #refusal: GatewayError | undefined;

  /** Why no translated target can serve the request. The first reason counts. */
  get refusal(): GatewayError | undefined {
    return this.#refusal;
  }

  drop(name: string): void {
    this.dropped.add(name);
  }

  refuse(error: GatewayError): void {
    this.#refusal ??= error;
  }
}
