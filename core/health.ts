import { readText, send } from "#core/outbound/transport.ts";
import { callAws } from "./aws/json-call.ts";
import { config } from "./config.ts";

/** State of one dependency. */
export interface Check {
  readonly status: "ok" | "down";
  readonly latencyMs: number;
}

export type Dependency = "dynamodb" | "kms" | "unkey" | "supabase";
export type Checks = Readonly<Record<Dependency, Check>>;

const timeoutMs = 2_000;
const keepMs = 10_000;
const maxAnswerBytes = 64 * 1024;

const get = async (url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> => {
  const response = await send({
    url,
    method: "GET",
    headers,
    signal,
    headersTimeoutMs: timeoutMs,
    idleTimeoutMs: timeoutMs,
  });
  await readText(response, maxAnswerBytes, signal);
  if (response.statusCode !== 200) throw new Error(`Status ${response.statusCode}`);
};

/** Each check asks what the gateway itself needs, with the rights that its functions have. */
const probes: Readonly<Record<Dependency, (signal: AbortSignal) => Promise<unknown>>> = {
  dynamodb: (signal) =>
    callAws({
      service: "dynamodb",
      operation: "DescribeTable",
      input: { TableName: config.tableName("keys") },
      signal,
    }),
  kms: (signal) => callAws({ service: "kms", operation: "DescribeKey", input: { KeyId: config.kmsKeyArn() }, signal }),
  unkey: async (signal) => {
    const response = await send({
      url: `${config.unkeyUrl()}/v2/apis.getApi`,
      headers: { "content-type": "application/json", authorization: `Bearer ${config.unkeyRootKey()}` },
      body: JSON.stringify({ apiId: config.unkeyApiId() }),
      signal,
      headersTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
    });
    await readText(response, maxAnswerBytes, signal);
    if (response.statusCode !== 200) throw new Error(`Status ${response.statusCode}`);
  },
  supabase: (signal) => get(`${config.supabaseUrl()}/auth/v1/health`, { apikey: config.supabaseAnonKey() }, signal),
};

const check = async (dependency: Dependency): Promise<Check> => {
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  // A probe may also throw before it asks anybody: what it needs is not linked.
  const status = await Promise.try(probes[dependency], signal).then(
    () => "ok" as const,
    // Which one is down is the answer; why is in its own logs.
    () => "down" as const,
  );
  return { status, latencyMs: Math.round(performance.now() - startedAt) };
};

let known: { readonly at: number; readonly checks: Promise<Checks> } | undefined;

const checkAll = async (): Promise<Checks> => {
  const [dynamodb, kms, unkey, supabase] = await Promise.all([
    check("dynamodb"),
    check("kms"),
    check("unkey"),
    check("supabase"),
  ]);
  return { dynamodb, kms, unkey, supabase };
};

/** The state of every dependency, checked in parallel and kept for 10 s. Never rejects. */
export const checkDependencies = (nowMs: number): Promise<Checks> => {
  if (known === undefined || known.at + keepMs < nowMs) known = { at: nowMs, checks: checkAll() };
  return known.checks;
};
