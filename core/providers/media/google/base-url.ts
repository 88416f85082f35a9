import type { KeyCredential } from "#core/providers/provider.ts";

/** Base URL of Google's native API. The one for chat ends in `/openai`, its compatible surface. */
export const googleBase = ({ baseUrl }: Pick<KeyCredential, "baseUrl">): string => baseUrl.replace(/\/openai$/, "");
