import { findModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import type { TargetModel } from "#core/routing/target.ts";
import type { Caller } from "./caller.ts";

/** Which models an API key may call: all, or those that its list names. */

type NamedModel = Pick<TargetModel, "id" | "provider"> & { readonly providerModel?: string };

/** An entry is a model's id, an alias of one, `provider/model`, or `provider/*`. */
const matches = (entry: string, { id, provider, providerModel }: NamedModel): boolean =>
  entry === id ||
  entry === `${provider}/*` ||
  (providerModel !== undefined && entry === `${provider}/${providerModel}`) ||
  findModel(entry)?.id === id;

/** Whether the caller's key may call a model. */
export const isAllowed = ({ principal }: Pick<Caller, "principal">, model: NamedModel): boolean => {
  const allowed = principal.limits?.allowedModels;
  return allowed === undefined || allowed.some((entry) => matches(entry, model));
};

/** @param param the field that named the model @throws GatewayError FORBIDDEN */
export const requireAllowed = (caller: Pick<Caller, "principal">, model: NamedModel, param = "model"): void => {
  if (isAllowed(caller, model)) return;
  throw new GatewayError("FORBIDDEN", `This API key may not use ${model.id}.`, {
    param,
    details: { limit: "allowed-models", model: model.id, allowedModels: caller.principal.limits?.allowedModels ?? [] },
    shouldRetry: false,
  });
};
