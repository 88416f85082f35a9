import { models } from "#core/catalog/models.ts";
import { toOpenAiModel } from "#core/catalog/to-openai-model.ts";
import { byApiKey } from "#core/http/authenticate.ts";
import { jsonHandler } from "#core/http/handler.ts";

/** GET /api/v1/models */
export const handler = jsonHandler({
  route: "Models",
  authenticate: byApiKey,
  endpoints: {
    GET: {
      handle: async () => ({
        status: 200,
        json: { object: "list", data: models.map((model) => toOpenAiModel(model)) },
      }),
    },
  },
});
