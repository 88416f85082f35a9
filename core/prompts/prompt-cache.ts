import { GatewayError } from "#core/errors.ts";
import { fetchPrompt, type LangfuseProject, LangfuseUnavailable } from "./fetch-prompt.ts";
import type { Prompt, PromptVersion } from "./prompt.ts";

const freshMs = 60_000;
/** How long a copy may serve while Langfuse is out of reach. */
const staleMs = 24 * 60 * 60_000;
/** After a failure Langfuse is left alone for this long, so that its time-out is not paid by every request. */
const restMs = 10_000;
const maxEntries = 500;
const retryAfterSeconds = 10;

interface Entry {
  readonly prompt: Prompt | undefined;
  /** Unix ms. */
  readonly fetchedAtMs: number;
  readonly askAgainAtMs: number;
}

export interface CachedPrompt {
  readonly prompt: Prompt;
  /** It is an older copy, since Langfuse is out of reach. */
  readonly stale: boolean;
}

/**
 * Prompts of Langfuse, kept in this function's memory: fresh for a minute, then asked for again; up to a day old when
 * Langfuse cannot be reached. Requests for the same prompt at the same time ask once.
 */
export class PromptCache {
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Map<string, Promise<CachedPrompt>>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /**
   * @throws GatewayError BAD_REQUEST for a prompt that Langfuse does not have, SERVICE_UNAVAILABLE when it is out of reach
   * and there is no copy; what `signal` was aborted with.
   */
  async get(
    project: LangfuseProject,
    name: string,
    version: PromptVersion,
    signal: AbortSignal,
  ): Promise<CachedPrompt> {
    signal.throwIfAborted();
    const key = JSON.stringify([project.baseUrl, project.publicKey, name, version]);
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#nowMs() < entry.askAgainAtMs) return this.#copy(entry);
    let asking = this.#underWay.get(key);
    if (asking === undefined) {
      asking = this.#refresh(key, project, name, version).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, asking);
    }
    return unlessAborted(asking, signal);
  }

  async #refresh(key: string, project: LangfuseProject, name: string, version: PromptVersion): Promise<CachedPrompt> {
    try {
      const prompt = await fetchPrompt(project, name, version);
      const nowMs = this.#nowMs();
      this.#keep(key, { prompt, fetchedAtMs: nowMs, askAgainAtMs: nowMs + freshMs });
      return { prompt, stale: false };
    } catch (error) {
      if (!(error instanceof LangfuseUnavailable)) {
        this.#entries.delete(key);
        throw error;
      }
      const nowMs = this.#nowMs();
      const old = this.#entries.get(key);
      const entry = { prompt: old?.prompt, fetchedAtMs: old?.fetchedAtMs ?? 0, askAgainAtMs: nowMs + restMs };
      this.#keep(key, entry);
      return this.#copy(entry, error);
    }
  }

  #copy({ prompt, fetchedAtMs }: Entry, cause?: unknown): CachedPrompt {
    const ageMs = this.#nowMs() - fetchedAtMs;
    if (prompt !== undefined && ageMs < staleMs) return { prompt, stale: ageMs >= freshMs };
    throw new GatewayError("SERVICE_UNAVAILABLE", "Langfuse, which stores the prompt templates, is unavailable.", {
      param: "prompt_id",
      retryAfterSeconds,
      cause,
    });
  }

  /** The one that was asked for longest ago makes room. */
  #keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= maxEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

const unlessAborted = <Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
