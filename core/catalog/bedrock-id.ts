/** Bedrock's ids: `<vendor>.<model>`, or an inference profile of several regions before it. */

const profileForm = /^(us-gov|us|eu|apac|global|jp|au|ca|in)\./;

/** Where an inference profile may send requests, such as `eu`; undefined for a model's own id. */
export const profileOf = (id: string): string | undefined => profileForm.exec(id)?.[1];

/** The id without the regions of its profile. */
export const baseId = (id: string): string => id.replace(profileForm, "");

const claude = /^anthropic\.(claude-[a-z0-9-]+?)(?:-v\d+(?::\d+)?)?$/;

/** Anthropic's own id of a Claude model; undefined for any other vendor's. */
export const claudeId = (id: string): string | undefined => claude.exec(baseId(id))?.[1];

/** Whether AWS could know an id. One of dots would lead to another path of the API. */
export const isModelId = (id: string): boolean => /^[A-Za-z0-9]/.test(id);
