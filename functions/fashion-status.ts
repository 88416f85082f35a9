import { byApiKey } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { polledJob } from "#core/http/job-endpoint.ts";
import { fashionView } from "#core/media/fashion/fashion-view.ts";
import { readHeldOutput } from "#core/media/fashion/held-output.ts";
import { fashionStatusRoute } from "#core/routes.ts";

const heldTimeoutMs = 20_000;

/** GET /api/v1/fashion/status/:id */
export const handler = jsonHandler({
  route: fashionStatusRoute,
  authenticate: byApiKey,
  endpoints: {
    GET: {
      handle: async (call) => {
        const { row, headers } = await polledJob(call, call.pathParameters.id ?? "", ["fashion"], "id");
        const nowMs = Date.now();
        const held = await readHeldOutput(row, AbortSignal.timeout(heldTimeoutMs), nowMs);
        return { status: 200, json: { success: true, data: fashionView(row, nowMs, held) }, headers };
      },
    },
  },
});
