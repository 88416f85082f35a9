import "#adapter";
import type { NativeRequest } from "#core/providers/native.ts";
import { replyFrom } from "#core/providers/openai/exchange.ts";
import { nativeResponses } from "#core/providers/openai/native-responses.ts";
import { reviewedTools } from "#core/providers/openai/reviewed-responses.ts";
import type { ProviderCall, ProviderReply } from "#core/providers/provider.ts";
import { isRecord } from "#core/values/records.ts";
import { postBedrock } from "./ask.ts";

/** A Responses request to OpenAI's models over `bedrock-runtime`: OpenAI's own body and answer, under Bedrock's id of the model. */

/** Fields that only Converse has. A guardrail must not be lost on the way. */
const ofConverse = ["guardrailConfig", "performanceConfig", "requestMetadata", "serviceTier"] as const;

const runsAtOpenAi = (tool: unknown): boolean => isRecord(tool) && !Object.hasOwn(reviewedTools, String(tool.type));

/**
 * Whether a request passes as it came. `bedrock-runtime` runs no tools and makes no conversation shorter: such a request is
 * translated instead, or refused where it cannot be.
 */
export const passesToBedrock = ({ body, operation }: NativeRequest): boolean =>
  operation === undefined &&
  !(Array.isArray(body.tools) && body.tools.some(runsAtOpenAi)) &&
  !ofConverse.some((name) => body[name] !== undefined);

/** @throws ProviderFailure */
export const askResponses = (call: ProviderCall, native: NativeRequest): Promise<ProviderReply> =>
  nativeResponses(call, native, async (asking, asked) => {
    const accept = asking.request.stream === true ? "text/event-stream" : "application/json";
    const response = await postBedrock(asking, `/openai/v1${asked.path}`, accept, asked.body);
    return replyFrom(asking, asked, response);
  });
