import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { createPreset, showPresets } from "#core/presets/manage.ts";
import { presetsRoute } from "#core/routes.ts";
import { createPresetSchema } from "#core/schemas/presets.ts";

/** GET and POST /api/v1/presets */
export const handler = accountHandler({
  route: presetsRoute,
  authenticate: bySession,
  endpoints: {
    GET: {
      handle: async (call) => ({
        status: 200,
        json: { success: true, data: await showPresets(sessionPrincipal(call).userId) },
      }),
    },
    POST: withBody(createPresetSchema, async (call) => {
      const principal = sessionPrincipal(call);
      await principal.confirm();
      return { status: 201, json: { success: true, data: await createPreset(principal.userId, call.body) } };
    }),
  },
});
