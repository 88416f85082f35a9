import { GatewayError } from "#core/errors.ts";
import { withTrueType } from "#core/providers/image-type.ts";
import { isRecord, type JsonRecord } from "#core/values/records.ts";

const maxFetchedImages = 16;

interface FoundImage {
  readonly message: number;
  readonly part: number;
  readonly url: string;
}

const findUrls = (messages: readonly JsonRecord[]): FoundImage[] =>
  messages.flatMap(({ content }, message) =>
    (Array.isArray(content) ? (content as readonly unknown[]) : []).flatMap((value, part) => {
      const image = isRecord(value) && value.type === "image_url" ? value.image_url : undefined;
      const url = isRecord(image) ? String(image.url) : "data:";
      return url.startsWith("data:") ? [] : [{ message, part, url }];
    }),
  );

/**
 * Messages whose images all stand in them as data: URLs, for a provider that fetches none itself. The same list where they
 * did already.
 * @throws GatewayError for an image that cannot be fetched.
 */
export const embedImages = async (
  messages: readonly JsonRecord[],
  signal: AbortSignal,
): Promise<readonly JsonRecord[]> => {
  const images = findUrls(messages);
  if (images.length === 0) return messages;
  if (images.length > maxFetchedImages) {
    throw new GatewayError(
      "BAD_REQUEST",
      `At most ${maxFetchedImages} images may be URLs. Send the others as data: URLs.`,
      {
        param: "messages",
      },
    );
  }
  // Few requests have image URLs: the others do not load the fetching.
  const { fetchImage } = await import("#core/outbound/fetch-image.ts");
  const fetched = await Promise.all(
    images.map(async ({ message, part, url }) => ({
      message,
      part,
      // What a server calls an image is not always what it is.
      url: withTrueType(await fetchImage(url, `messages[${message}].content[${part}].image_url.url`, { signal })),
    })),
  );
  return messages.map((message, index) => {
    const own = fetched.filter((image) => image.message === index);
    if (own.length === 0 || !Array.isArray(message.content)) return message;
    const content = (message.content as readonly unknown[]).map((part, place) => {
      const image = own.find((each) => each.part === place);
      return image === undefined || !isRecord(part) ? part : { ...part, image_url: { url: image.url } };
    });
    return { ...message, content };
  });
};
