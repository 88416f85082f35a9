import { data } from "./request.ts";

/** The request log: one entry for each generation. The whole contract is in the OpenAPI document. */

export const statuses = ["ok", "error", "cancelled", "open", "abandoned"] as const;
export type Status = (typeof statuses)[number];

export interface Attempt {
  readonly model: string;
  readonly provider: string;
  readonly result: string;
  readonly httpStatus: number | null;
  readonly startedMs: number | null;
  readonly latencyMs: number;
  /** What it may have cost although its answer was not used, USD. */
  readonly unusedCostUsd: number | null;
}

export interface Feedback {
  readonly score: -1 | 0 | 1;
  readonly comment: string | null;
}

/** Of a list; the newest come first. */
const pageLength = 100;

export interface LoggedRequest {
  readonly id: string;
  readonly generation: number;
  readonly startedAt: string;
  readonly route: string;
  readonly dialect: string | null;
  /** Of the battle, fight or council that it was a part of. */
  readonly runId: string | null;
  readonly keyId: string | null;
  readonly status: Status;
  readonly httpStatus: number | null;
  readonly code: string | null;
  readonly finishReason: string | null;
  readonly askedModel: string | null;
  readonly model: string;
  readonly provider: string;
  readonly fallback: boolean;
  readonly streamed: boolean;
  readonly byok: boolean;
  readonly cache: string | null;
  readonly tokens: {
    readonly input: number;
    readonly cachedInput: number;
    readonly cacheWriteInput: number;
    readonly output: number;
    readonly reasoning: number;
    readonly estimated: boolean;
  };
  readonly units: number | null;
  readonly unit: string | null;
  readonly costUsd: number | null;
  readonly costSource: "provider" | "list" | "estimate" | null;
  readonly latencyMs: number | null;
  readonly timeToFirstTokenMs: number | null;
  readonly gatewayOverheadMs: number | null;
  readonly attempts: readonly Attempt[];
  readonly findings: readonly string[];
  readonly warnings: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly session: string | null;
  readonly agent: string | null;
  readonly feedback: Feedback | null;
  /** What its key has recorded. Only of a whole request. */
  readonly content?: RecordedContent | null;
}

/** Text, a tool call, or what is not kept: the type says which. */
export interface ContentPart extends Readonly<Record<string, unknown>> {
  readonly type: string;
}

export interface ContentMessage {
  readonly role: string;
  readonly parts: readonly ContentPart[];
}

export interface ContentSide {
  readonly messages: readonly ContentMessage[];
  readonly cut: boolean;
}

export interface RecordedContent {
  readonly prompt: ContentSide;
  readonly answer: ContentSide | null;
}

/** A request with all its generations. */
export interface WholeRequest extends LoggedRequest {
  readonly generations: readonly LoggedRequest[];
}

/** Empty for any. */
export const filterNames = ["status", "key", "model", "provider", "tag", "from", "to"] as const;
export type RequestFilter = Readonly<Record<(typeof filterNames)[number], string>>;

export interface RequestPage {
  readonly requests: readonly LoggedRequest[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/** A page of the log, newest first. Empty fields of the filter do not count. */
export const listRequests = (
  filter: Partial<RequestFilter>,
  cursor: string | undefined,
  signal?: AbortSignal,
): Promise<RequestPage> => {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  if (cursor !== undefined) query.set("cursor", cursor);
  query.set("limit", String(pageLength));
  return data(`v1/requests?${query}`, signal === undefined ? {} : { signal });
};

export const latestRequests = (limit: number, signal: AbortSignal): Promise<RequestPage> =>
  data(`v1/requests?limit=${limit}`, { signal });

const pathOf = (id: string): string => `v1/requests/${encodeURIComponent(id)}`;

export const readRequest = (id: string, signal?: AbortSignal): Promise<WholeRequest> =>
  data(pathOf(id), signal === undefined ? {} : { signal });

/** Replaces what was said before. An empty comment removes it. */
export const giveFeedback = (
  id: string,
  score: Feedback["score"],
  comment: string,
): Promise<{ readonly feedback: Feedback }> =>
  data(`${pathOf(id)}/feedback`, { method: "POST", body: { score, ...(comment === "" ? {} : { comment }) } });
