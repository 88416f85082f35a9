import { framesOf } from "#core/arena/frames-of.ts";
import { ModelRun } from "#core/arena/model-run.ts";
import { type CouncilBody, toCouncilRequest } from "#core/council/council-request.ts";
import { planCouncil } from "#core/council/plan.ts";
import { Council, type CouncilListener, type CouncilResult } from "#core/council/run-council.ts";
import { toGatewayError } from "#core/errors.ts";
import { eventFrame } from "#core/schemas/arena-events.ts";
import { callerOf } from "./authenticate.ts";
import { errorEvent } from "./error-event.ts";
import { eventStream } from "./event-stream.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

const runTimeoutMs = 10 * 60_000;
const unstreamedTimeoutMs = 290_000;

/** Serves one council, streamed or not. @throws GatewayError */
export const serveCouncil = async (call: Call<CouncilBody & { readonly stream: boolean }>): Promise<EndpointResult> => {
  const { stream, ...body } = call.body;
  const request = toCouncilRequest(body);
  const plan = planCouncil(request);
  const run = new ModelRun({
    call,
    caller: callerOf(call),
    timeoutMs: stream ? runTimeoutMs : unstreamedTimeoutMs,
    maxCostUsd: request.maxCostUsd,
  });
  await run.openModels(plan.models, plan.planned);
  const hold = async (listener: CouncilListener): Promise<CouncilResult> => {
    const council = new Council(run, request, plan, listener);
    const result = await council.hold();
    council.finish(result);
    return result;
  };
  if (stream) {
    const frames = framesOf((tell) => hold({ tell: (event) => tell(eventFrame(event)) }));
    const start = Promise.resolve({ frames, headers: run.headers });
    return eventStream({ start, toError: toGatewayError, signal: run.signal, errorFrame: errorEvent });
  }
  const { content, finishReason, report } = await hold({ tell: () => undefined, isWhole: true });
  const { inputTokens, outputTokens } = run.totals;
  const usage = { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
  const data = { id: call.requestId, content, finishReason, council: report, usage, costUsd: report.costUsd };
  return { status: 200, json: { success: true, data }, headers: run.headers };
};
