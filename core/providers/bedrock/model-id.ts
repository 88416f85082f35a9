/** Bedrock's ids: `<vendor>.<model>`, or an inference profile of several regions before it. */

const profile = /^(?:us|eu|apac|global|jp|au|ca|in|us-gov)\./;

/** The id without the regions of its profile. */
export const baseId = (model: string): string => model.replace(profile, "");

const claude = /^anthropic\.(claude-[a-z0-9-]+?)(?:-v\d+(?::\d+)?)?$/;

/** Anthropic's own id of a Claude model; undefined for any other vendor's. */
export const claudeId = (model: string): string | undefined => claude.exec(baseId(model))?.[1];

/** Takes cache points. */
export const takesCachePoints = (model: string): boolean => /^(anthropic\.claude|amazon\.nova)/.test(baseId(model));

/** Whether AWS could know an id. One of dots would lead to another path of the API. */
export const isModelId = (model: string): boolean => /^[A-Za-z0-9]/.test(model);
