import type { IncomingHttpHeaders } from "node:http";
import { geminiThought } from "./chat-answer.ts";
import { type CredentialRefusals, credentialRefusals } from "./credentials.ts";
import {
  anthropicError,
  type ErrorBody,
  googleError,
  minimaxError,
  minimaxErrorInside200,
  openaiError,
  openrouterError,
  openrouterErrorChunk,
  xaiError,
} from "./error-bodies.ts";
import type { JsonObject } from "./json.ts";
import {
  anthropicHeaders,
  googleHeaders,
  type IdentifiedHeaders,
  minimaxHeaders,
  openaiHeaders,
  openrouterHeaders,
  xaiHeaders,
} from "./response-headers.ts";
import { isSignatureOf } from "./signature.ts";
import { validateMessages, validateTokenCount } from "./validate-anthropic.ts";
import {
  validateGoogleChat,
  validateMinimaxChat,
  validateOpenrouterChat,
  validateXaiChat,
} from "./validate-compatible.ts";
import { validateOpenaiChat, validateOpenaiInput, validateResponses } from "./validate-openai.ts";

export type SimulatedProviderId = "openai" | "anthropic" | "google" | "x-ai" | "openrouter" | "minimax";

/** The kinds of endpoint that a provider may have. */
export type Surface =
  | "chat"
  | "messages"
  | "token-count"
  | "responses"
  | "input-tokens"
  | "compaction"
  | "embeddings"
  | "moderations";

export interface Endpoint {
  readonly surface: Surface;
  /** Throws `ProviderRefusal`. */
  readonly validate: (body: JsonObject, headers: IncomingHttpHeaders) => void;
}

/** All that tells one simulated provider from another. */
export interface ProviderProfile {
  /** What a client's base URL ends in. */
  readonly basePath: string;
  /** By the path as the provider has it. */
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly credentials: CredentialRefusals;
  readonly takesApiKeyHeader: boolean;
  readonly headers: () => IdentifiedHeaders;
  readonly error: ErrorBody;
  /** The form of an error that comes with HTTP 200. */
  readonly errorInside200: ErrorBody;
  /** The form of an error inside a stream, and its event name. */
  readonly errorInStream: ErrorBody;
  readonly errorEventName: string | undefined;
  /** The status that an overloaded provider has. */
  readonly overloadedStatus: number;
}

const chat = (validate: Endpoint["validate"]): Endpoint => ({ surface: "chat", validate });

const usual = { takesApiKeyHeader: false, errorEventName: undefined, overloadedStatus: 503 } as const;

const sameEverywhere = (error: ErrorBody): Pick<ProviderProfile, "error" | "errorInside200" | "errorInStream"> => ({
  error,
  errorInside200: error,
  errorInStream: error,
});

export const profiles: Readonly<Record<SimulatedProviderId, ProviderProfile>> = {
  openai: {
    ...usual,
    ...sameEverywhere(openaiError),
    basePath: "/v1",
    endpoints: {
      "/v1/chat/completions": chat(validateOpenaiChat),
      "/v1/responses": { surface: "responses", validate: validateResponses },
      "/v1/responses/input_tokens": { surface: "input-tokens", validate: validateResponses },
      "/v1/responses/compact": { surface: "compaction", validate: validateResponses },
      "/v1/embeddings": { surface: "embeddings", validate: (body) => validateOpenaiInput(body, true) },
      "/v1/moderations": { surface: "moderations", validate: (body) => validateOpenaiInput(body, false) },
    },
    credentials: credentialRefusals.openai,
    headers: openaiHeaders,
  },
  anthropic: {
    ...sameEverywhere(anthropicError),
    basePath: "",
    endpoints: {
      "/v1/messages": {
        surface: "messages",
        validate: validateMessages,
      },
      "/v1/messages/count_tokens": { surface: "token-count", validate: validateTokenCount },
    },
    credentials: credentialRefusals.anthropic,
    takesApiKeyHeader: true,
    headers: anthropicHeaders,
    errorEventName: "error",
    overloadedStatus: 529,
  },
  google: {
    ...usual,
    ...sameEverywhere(googleError),
    basePath: "/v1beta/openai",
    endpoints: {
      "/v1beta/openai/chat/completions": chat((body) =>
        validateGoogleChat(body, (signature) => isSignatureOf(geminiThought, signature)),
      ),
      "/v1beta/openai/embeddings": { surface: "embeddings", validate: (body) => validateOpenaiInput(body, true) },
    },
    credentials: credentialRefusals.google,
    headers: googleHeaders,
  },
  "x-ai": {
    ...usual,
    ...sameEverywhere(xaiError),
    basePath: "/v1",
    endpoints: { "/v1/chat/completions": chat(validateXaiChat) },
    credentials: credentialRefusals["x-ai"],
    headers: xaiHeaders,
  },
  openrouter: {
    ...usual,
    ...sameEverywhere(openrouterError),
    errorInStream: openrouterErrorChunk,
    basePath: "/api/v1",
    endpoints: { "/api/v1/chat/completions": chat(validateOpenrouterChat) },
    credentials: credentialRefusals.openrouter,
    headers: openrouterHeaders,
  },
  minimax: {
    ...usual,
    error: minimaxError,
    errorInside200: minimaxErrorInside200,
    errorInStream: minimaxErrorInside200,
    basePath: "/v1",
    endpoints: { "/v1/chat/completions": chat(validateMinimaxChat) },
    credentials: credentialRefusals.minimax,
    headers: minimaxHeaders,
  },
};
