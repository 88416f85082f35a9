/** What is known of Amazon Bedrock's models. Nothing here may import the catalogue: every function loads this file. */

let loaded: typeof import("./bedrock.ts") | undefined;

/** Undefined until a request has named Bedrock. */
export const knownBedrock = (): typeof loaded => loaded;

/**
 * Loads what is known of Amazon Bedrock's models, for a request that may name one. Until then they have no price, and only
 * callers' own keys serve them. Its table is of no use to other requests.
 */
export const loadBedrock = async (): Promise<void> => {
  loaded ??= await import("./bedrock.ts");
};
