import { randomBytes, randomUUID } from "node:crypto";

type Headers = Readonly<Record<string, string>>;

/** A request id in each provider's own form, and the headers that carry it and the limits. */
export interface IdentifiedHeaders {
  readonly requestId: string;
  readonly headers: Headers;
}

const openaiLimits: Headers = {
  "x-ratelimit-limit-requests": "10000",
  "x-ratelimit-limit-tokens": "2000000",
  "x-ratelimit-remaining-requests": "9999",
  "x-ratelimit-remaining-tokens": "1999000",
  "x-ratelimit-reset-requests": "6ms",
  "x-ratelimit-reset-tokens": "30ms",
};

const anthropicLimits = (): Headers => {
  const reset = new Date(Date.now() + 1_000).toISOString().replace(/\.\d+Z$/, "Z");
  return Object.fromEntries(
    ["requests", "tokens", "input-tokens", "output-tokens"].flatMap((kind) => [
      [`anthropic-ratelimit-${kind}-limit`, kind === "requests" ? "4000" : "2000000"],
      [`anthropic-ratelimit-${kind}-remaining`, kind === "requests" ? "3999" : "1999000"],
      [`anthropic-ratelimit-${kind}-reset`, reset],
    ]),
  );
};

export const openaiHeaders = (): IdentifiedHeaders => {
  const requestId = `req_${randomUUID().replaceAll("-", "")}`;
  return {
    requestId,
    headers: {
      "x-request-id": requestId,
      "openai-processing-ms": "12",
      "openai-version": "2020-10-01",
      "openai-organization": "org-simulated",
      ...openaiLimits,
    },
  };
};

export const anthropicHeaders = (): IdentifiedHeaders => {
  const requestId = `req_01${randomBytes(11).toString("hex")}`;
  return {
    requestId,
    headers: { "request-id": requestId, "anthropic-organization-id": randomUUID(), ...anthropicLimits() },
  };
};

export const googleHeaders = (): IdentifiedHeaders => ({
  requestId: randomUUID(),
  headers: { "server-timing": "gfet4t7; dur=12", vary: "Origin, X-Origin, Referer" },
});

export const xaiHeaders = (): IdentifiedHeaders => {
  const requestId = randomUUID();
  return { requestId, headers: { "x-request-id": requestId, ...openaiLimits } };
};

export const openrouterHeaders = (): IdentifiedHeaders => {
  const requestId = `gen-${Math.floor(Date.now() / 1_000)}-${randomBytes(10).toString("hex")}`;
  return { requestId, headers: { "x-generation-id": requestId } };
};

export const minimaxHeaders = (): IdentifiedHeaders => {
  const requestId = randomBytes(16).toString("hex");
  return { requestId, headers: { "trace-id": requestId } };
};
