import { baseId } from "#core/catalog/bedrock-id.ts";

/** Takes cache points. */
export const takesCachePoints = (model: string): boolean => /^(anthropic\.claude|amazon\.nova)/.test(baseId(model));
