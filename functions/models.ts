import { namedBedrockModels } from "#core/catalog/listed-bedrock.ts";
import { listedCouncils } from "#core/catalog/listed-councils.ts";
import { pageOf } from "#core/catalog/model-page.ts";
import { models } from "#core/catalog/models.ts";
import { toOpenAiModel } from "#core/catalog/to-openai-model.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { byKeyOrPage } from "#core/http/key-or-page.ts";
import { parseWith } from "#core/http/parse-with.ts";
import { modelsRoute } from "#core/routes.ts";
import { modelsQuerySchema } from "#core/schemas/models.ts";

/** GET /api/v1/models */
export const handler = jsonHandler({
  route: modelsRoute,
  authenticate: byKeyOrPage,
  endpoints: {
    GET: {
      handle: async ({ query }) => ({
        status: 200,
        json: pageOf(
          [...[...models, ...(await namedBedrockModels())].map((model) => toOpenAiModel(model)), ...listedCouncils],
          parseWith(modelsQuerySchema, query),
        ),
      }),
    },
  },
});
