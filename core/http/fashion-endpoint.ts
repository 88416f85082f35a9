import * as z from "zod";
import { resolveMediaModel } from "#core/catalog/media-models.ts";
import { type FashionModel, type FashionRun, fashionInputs } from "#core/schemas/fashion.ts";
import { parseWith } from "./parse-with.ts";

/** Checks the inputs with the model's own schema. @throws GatewayError INVALID_MODEL, or 400 with every path */
export const checkFashion = <Body extends FashionRun>(body: Body): Body => {
  const { id } = resolveMediaModel(body.model_name, "fashion", "model_name");
  const schema = z.object({ inputs: fashionInputs[id as FashionModel] as z.ZodType<Record<string, unknown>> });
  const { inputs } = parseWith(schema, { inputs: body.inputs });
  return { ...body, model_name: id, inputs };
};
