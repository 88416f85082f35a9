import { accountHandler } from "#core/http/account-handler.ts";
import { bySession, sessionPrincipal } from "#core/http/authenticate-session.ts";
import { withBody } from "#core/http/schema.ts";
import { changePreset, deletePreset } from "#core/presets/manage.ts";
import { presetRoute } from "#core/routes.ts";
import { replacePresetSchema } from "#core/schemas/presets.ts";

/** PATCH and DELETE /api/v1/presets/:name */
export const handler = accountHandler({
  route: presetRoute,
  authenticate: bySession,
  endpoints: {
    PATCH: withBody(replacePresetSchema, async (call) => {
      const { userId } = sessionPrincipal(call);
      const data = await changePreset(userId, call.pathParameters.name ?? "", call.body.settings);
      return { status: 200, json: { success: true, data } };
    }),
    DELETE: {
      handle: async (call) => {
        await deletePreset(sessionPrincipal(call).userId, call.pathParameters.name ?? "");
        return { status: 204 };
      },
    },
  },
});
