import type { ErrorBody } from "#core/errors.ts";

/** Members of a chat completion and what they are called here. */
const renamed: readonly (readonly [RegExp, string])[] = [
  [/^messages(?:\[\d+\].*)?$/, "input"],
  [/^response_format.*/, "text.format"],
  [/^(?:max_completion_tokens|max_tokens)$/, "max_output_tokens"],
  [/^reasoning_effort$/, "reasoning.effort"],
  [/^verbosity$/, "text.verbosity"],
  [/^(tools\[\d+\])\.function(.*)/, "$1$2"],
];

/** What a field of a chat completion is called here. */
export const ownName = (name: string): string => {
  const found = renamed.find(([pattern]) => pattern.test(name));
  return found === undefined ? name : name.replace(...found);
};

/** An error of the core whose `param` names a field that this dialect has. */
export const inOwnTerms = (body: ErrorBody): ErrorBody => {
  const { param } = body.error;
  return param === null ? body : { error: { ...body.error, param: ownName(param) } };
};
