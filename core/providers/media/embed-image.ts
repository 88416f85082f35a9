import { fetchImage } from "#core/outbound/fetch-image.ts";
import { imageTypeOf } from "#core/providers/image-type.ts";

export interface EmbeddedImage {
  readonly contentType: string;
  readonly base64: string;
}

const dataUrl = /^data:([^;,]+);base64,/i;

/**
 * An image in base64, for a provider that accepts no URL: taken from its data: URL, or fetched under the guards of
 * `fetchImage`. @throws GatewayError 400 when it cannot be fetched
 */
export const embedImage = async (url: string, param: string, signal: AbortSignal): Promise<EmbeddedImage> => {
  const text = /^data:/i.test(url) ? url : await fetchImage(url, param, { signal });
  const [head = "", contentType = "image/png"] = dataUrl.exec(text) ?? [];
  const base64 = text.slice(head.length);
  // A label may be wrong, the first bytes are not.
  return { contentType: imageTypeOf(base64) ?? contentType.toLowerCase(), base64 };
};
