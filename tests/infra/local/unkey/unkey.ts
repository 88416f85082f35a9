import { startUnkey, type UnkeyServerOptions } from "#infra/local/unkey/server.ts";
import { contractFetch } from "./contract.ts";

export const rootKey = "unkey_root_test";
export const apiId = "api_test";

/** A stand-in whose clock a test turns, and a caller whose every exchange is held against Unkey's specification. */
export const startTestUnkey = async (options: Partial<UnkeyServerOptions> = {}) => {
  // The start of a minute, so that tests can say where in a window they are.
  const clock = { nowMs: 1_800_000_000_000 };
  const server = await startUnkey({ rootKey, apiId, nowMs: () => clock.nowMs, ...options });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    contractFetch(`${server.url}/v2/${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${rootKey}`,
        "content-type": "application/json",
        accept: "application/json",
        ...headers,
      },
      body: JSON.stringify(body),
    });
  const call = async (path: string, body: unknown) => {
    const response = await post(path, body);
    const answer = (await response.json()) as { data: unknown; error?: { status: number; detail: string } };
    if (answer.error !== undefined) throw new Error(`${answer.error.status} ${answer.error.detail}`);
    return answer.data;
  };
  return {
    ...server,
    clock,
    post,
    call,
    createKey: async (body: object = {}) =>
      (await call("keys.createKey", { apiId, ...body })) as { keyId: string; key: string },
    verify: async (key: string, body: object = {}) => (await call("keys.verifyKey", { key, ...body })) as Verdict,
  };
};

export type TestUnkey = Awaited<ReturnType<typeof startTestUnkey>>;

export interface Verdict {
  readonly valid: boolean;
  readonly code: string;
  readonly keyId?: string;
  readonly credits?: number;
  readonly identity?: { readonly externalId: string };
  readonly ratelimits?: readonly {
    readonly id: string;
    readonly name: string;
    readonly limit: number;
    readonly duration: number;
    readonly remaining: number;
    readonly reset: number;
    readonly exceeded: boolean;
    readonly autoApply: boolean;
  }[];
}
