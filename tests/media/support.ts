import { randomUUID } from "node:crypto";
import * as z from "zod";
import { rowKeys } from "#core/db/row-keys.ts";
import { type Reply, send } from "#tests/e2e/client.ts";
import { eventually, type TestCloud, type TestKey } from "#tests/support/cloud.ts";

/** What the tests of media send, and how they read what comes back. */

const dataSchema = z.object({ success: z.literal(true), data: z.unknown() });

/** `data` of the success envelope. */
export const dataOf = <Data = Record<string, unknown>>(reply: Reply): Data => {
  if (reply.status >= 300) throw new Error(`${reply.status}: ${reply.text}`);
  return dataSchema.parse(reply.json()).data as Data;
};

type Headers = Readonly<Record<string, string>>;

/** A user of its own, with the calls that it makes. */
export class Caller {
  readonly cloud: TestCloud;
  readonly key: TestKey;

  private constructor(cloud: TestCloud, key: TestKey) {
    this.cloud = cloud;
    this.key = key;
  }

  static async of(cloud: TestCloud): Promise<Caller> {
    return new Caller(cloud, await cloud.createKey());
  }

  /** The same user at a gateway that was started anew. */
  on(cloud: TestCloud): Caller {
    return new Caller(cloud, this.key);
  }

  /** The response with its body still to be read. */
  open(method: "GET" | "POST", path: string, body?: unknown, headers: Headers = {}): Promise<Response> {
    return fetch(`${this.cloud.baseUrl}${path}`, this.#init(method, body, headers));
  }

  post(path: string, body: unknown, headers: Headers = {}): Promise<Reply> {
    return send(`${this.cloud.baseUrl}${path}`, this.#init("POST", body, headers));
  }

  get(path: string, headers: Headers = {}): Promise<Reply> {
    return send(`${this.cloud.baseUrl}${path}`, this.#init("GET", undefined, headers));
  }

  /** Asks about a job, whose id ends the path, until it has ended. Its provider is asked each time, not every 2 s. */
  ended(path: string): Promise<Job> {
    const row = rowKeys.job(this.key.userId, /[\w-]+$/.exec(path)?.[0] ?? "");
    return eventually(async () => {
      await this.cloud.setAttribute("jobs", row, "polledAt", 0);
      const job = dataOf<Job>(await this.get(path));
      if (job.status !== "completed" && job.status !== "failed") throw new Error(`The job is ${job.status}`);
      return job;
    });
  }

  usage(reply: Pick<Reply, "requestId">) {
    return this.cloud.settledUsage(this.key.userId, reply.requestId);
  }

  /** What is booked on today's cap once no request is open. */
  booked(): Promise<bigint> {
    return eventually(async () => {
      const { open, spentPicoUsd } = await this.cloud.admission(this.key.userId);
      if (open.length > 0) throw new Error("A request is open");
      return spentPicoUsd;
    });
  }

  #init(method: string, body: unknown, headers: Headers): RequestInit {
    return {
      method,
      headers: {
        authorization: `Bearer ${this.key.key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
  }
}

export interface Job {
  readonly id: string;
  readonly status: string;
  readonly model: string;
  readonly provider: string;
  readonly output: readonly { readonly url: string; readonly contentType: string; readonly expiresAt: string }[] | null;
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly costUsd: number | null;
}

/** A mark that a request carries to its provider, to be found in the journal. */
export const newMark = (): string => `mark-${randomUUID()}`;

/** One pixel. */
export const pngDataUrl =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** The named events of a stream, in order. */
export const eventsOf = (text: string): readonly { readonly name: string; readonly data: Record<string, unknown> }[] =>
  text
    .split("\n\n")
    .filter((frame) => frame.startsWith("event: "))
    .map((frame) => {
      const [first = "", second = ""] = frame.split("\n");
      return { name: first.slice("event: ".length), data: JSON.parse(second.slice("data: ".length)) };
    });
