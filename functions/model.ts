import { findBedrockModel } from "#core/catalog/listed-bedrock.ts";
import { listedCouncils } from "#core/catalog/listed-councils.ts";
import { findModel, resolveListed } from "#core/catalog/resolve.ts";
import { toOpenAiModel } from "#core/catalog/to-openai-model.ts";
import { toProviders } from "#core/catalog/to-providers.ts";
import { GatewayError } from "#core/errors.ts";
import { byApiKey } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { modelRoute } from "#core/routes.ts";

/** GET /api/v1/models/:id, by catalogue id or alias, or `bedrock/<id>` */
export const handler = jsonHandler({
  route: modelRoute,
  authenticate: byApiKey,
  endpoints: {
    GET: {
      handle: async ({ pathParameters }) => {
        const id = pathParameters.id ?? "";
        const council = listedCouncils.find((listed) => listed.id === id);
        if (council !== undefined) return { status: 200, json: council };
        const known = findModel(id);
        const served = known === undefined ? await findBedrockModel(id) : resolveListed(known.id);
        const model = known ?? served?.catalog;
        if (model === undefined) throw new GatewayError("NOT_FOUND", "No model has this id.", { param: "id" });
        return { status: 200, json: { ...toOpenAiModel(model), providers: toProviders(served) } };
      },
    },
  },
});
