import type { IncomingHttpHeaders } from "node:http";
import { ProviderRefusal } from "./refusal.ts";

/** A key that every simulated provider takes, for a gateway that has none of its own. */
export const simulatedApiKey = "simulated-provider-key";

/** What people leave in a configuration by mistake, and what tests send to be refused. */
const refusedKeys = /^((sk|ant|xai|or|v1|proj|api03)-)*(invalid|placeholder|your[-_]|change-?me|undefined|null|xxx)/i;

const keyOf = (headers: IncomingHttpHeaders, takesApiKeyHeader: boolean): string | undefined => {
  const header = headers["x-api-key"];
  if (takesApiKeyHeader && typeof header === "string") return header;
  return /^Bearer\s+(.+)$/i.exec(headers.authorization ?? "")?.[1];
};

/** How a provider says that it was given no key, and that it does not know the one it was given. */
export interface CredentialRefusals {
  readonly missing: () => ProviderRefusal;
  readonly invalid: () => ProviderRefusal;
}

/** Throws the provider's refusal unless there is a key that could be one. Never echoes the key. */
export const checkCredentials = (
  headers: IncomingHttpHeaders,
  refusals: CredentialRefusals,
  takesApiKeyHeader: boolean,
): void => {
  const key = keyOf(headers, takesApiKeyHeader);
  if (key === undefined || key.trim() === "") throw refusals.missing();
  if (refusedKeys.test(key)) throw refusals.invalid();
};

const refusal = (status: number, message: string, code?: string) => (): ProviderRefusal =>
  new ProviderRefusal(status, message, { code });

/** Google and xAI answer an unknown key with 400, the others with 401. */
export const credentialRefusals = {
  openai: {
    missing: refusal(
      401,
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    ),
    invalid: refusal(
      401,
      "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
      "invalid_api_key",
    ),
  },
  anthropic: {
    missing: refusal(401, "x-api-key header is required"),
    invalid: refusal(401, "invalid x-api-key"),
  },
  google: {
    missing: refusal(401, "Request is missing required authentication credential."),
    invalid: refusal(400, "API key not valid. Please pass a valid API key.", "API_KEY_INVALID"),
  },
  "x-ai": {
    missing: refusal(401, "No API key was provided."),
    invalid: refusal(400, "Incorrect API key provided. You can obtain an API key from https://console.x.ai."),
  },
  openrouter: {
    missing: refusal(401, "No auth credentials found"),
    invalid: refusal(401, "User not found."),
  },
  minimax: {
    missing: refusal(
      401,
      "login fail: Please carry the API secret key in the 'Authorization' field of the request header (1004)",
    ),
    invalid: refusal(401, "invalid api key (2049)"),
  },
} as const satisfies Record<string, CredentialRefusals>;
