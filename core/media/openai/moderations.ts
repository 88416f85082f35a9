import { resolveMediaModel } from "#core/catalog/media-models.ts";
import type { RequestContext } from "#core/context.ts";
import type { Caller } from "#core/generation/caller.ts";
import { MediaRun } from "#core/media/media-run.ts";
import type { Quote } from "#core/media/quote.ts";
import { toOpenaiCall } from "#core/providers/media/openai/call.ts";
import { callUpstream, malformed } from "#core/providers/media/upstream.ts";
import type { Moderations } from "#core/schemas/openai-media.ts";
import { isRecord } from "#core/values/records.ts";

/** Moderation in the form of OpenAI's API. OpenAI charges nothing for it. */

const timeoutMs = 20_000;
const free: Quote = { unit: "requests", units: 1, costPicoUsd: 0n };

/** Names that resolve to today's model. */
const modelOf = (name: string | null | undefined): string =>
  name === null || name === undefined || name.startsWith("text-moderation-") || name.startsWith("omni-moderation-")
    ? "omni-moderation-latest"
    : name;

/** POST /api/v1/moderations. @throws GatewayError */
export const createModeration = async (context: RequestContext, request: Moderations, caller: Caller) => {
  const model = resolveMediaModel(modelOf(request.model), "moderation");
  const run = new MediaRun({ context, ...caller, model, quote: free, timeoutMs });
  const credential = await run.open();
  return run.guard(async () => {
    const body = { model: model.id, input: request.input };
    const call = toOpenaiCall({
      credential,
      path: "/moderations",
      body,
      signal: run.signal,
      headersTimeoutMs: timeoutMs,
    });
    const { json, simulated } = await run.attempt(() => callUpstream(call));
    if (!(isRecord(json) && Array.isArray(json.results))) throw malformed("openai", "the answer has no results");
    run.succeed();
    return { json, headers: run.headers(simulated) };
  });
};
