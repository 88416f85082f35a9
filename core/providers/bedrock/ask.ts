import { isModelId } from "#core/catalog/bedrock-id.ts";
import { type ProviderResponse, postJson, readBody, toProviderFailure } from "#core/providers/http-transport.ts";
import type { ProviderCall } from "#core/providers/provider.ts";
import { toJsonText } from "#core/values/json-text.ts";
import { bedrockAccess } from "./access.ts";
import { failureFromResponse, unknownModel } from "./errors.ts";

const maxErrorBytes = 256 * 1024;

/** The operations of `bedrock-runtime` on a model. */
export type Operation = "converse" | "converse-stream" | "invoke" | "invoke-with-response-stream";

type Asking = Pick<ProviderCall, "credential" | "signal" | "timeouts">;

/** Asks a model. @throws ProviderFailure for an answer that is not a 200 */
export const askBedrock = (
  call: Asking & Pick<ProviderCall, "model">,
  operation: Operation,
  body: object,
): Promise<ProviderResponse> => {
  if (!isModelId(call.model)) return Promise.reject(unknownModel());
  const accept = operation.endsWith("stream") ? "application/vnd.amazon.eventstream" : "application/json";
  return postBedrock(call, `/model/${encodeURIComponent(call.model)}/${operation}`, accept, body);
};

/** Sends a body to a path of `bedrock-runtime`. @throws ProviderFailure for an answer that is not a 200 */
export const postBedrock = async (
  { credential, signal, timeouts }: Asking,
  path: string,
  accept: string,
  body: object,
): Promise<ProviderResponse> => {
  // Half a character is replaced here: the transport would do it after the signature.
  const text = toJsonText(body);
  const { url, headers, agent } = bedrockAccess(credential, path, text);
  const response = await postJson({
    provider: "bedrock",
    url,
    agent,
    headers: { accept, ...headers },
    body: text,
    signal,
    timeouts,
  });
  if (response.status === 200) return response;
  let answer = "";
  try {
    answer = await readBody("bedrock", response, maxErrorBytes, signal);
  } catch (error) {
    // The status is worth more to routing than the fault in the error's body.
    const failure = toProviderFailure("bedrock", error, signal);
    if (failure.kind === "aborted") throw failure;
  }
  const failure = failureFromResponse(response.status, answer, response.headers, credential);
  if (credential.aws !== undefined && failure.kind === "auth") credential.onRefused?.(failure.providerCode);
  throw failure;
};
