import type { MediaCredential } from "./credential.ts";

/** Google's native API. The base URL of chat ends in `/openai`, which is its compatible surface. */
export const googleBase = ({ baseUrl }: Pick<MediaCredential, "baseUrl">): string => baseUrl.replace(/\/openai$/, "");
