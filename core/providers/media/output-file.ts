import { contentTypeOfUrl } from "./content-type.ts";

/** A file that a provider made and stores. */
export interface OutputFile {
  readonly url: string;
  readonly contentType?: string | undefined;
  /** Unix ms; absent where the provider states no expiry. */
  readonly expiresAt?: number | undefined;
}

/** A file whose provider does not state its type. */
export const fileAtUrl = (url: string, expiresAt: number): OutputFile => {
  const contentType = contentTypeOfUrl(url);
  return { url, ...(contentType === undefined ? {} : { contentType }), expiresAt };
};
