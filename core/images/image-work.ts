import type { MediaCredential } from "#core/media/credential.ts";
import type { MediaRun } from "#core/media/media-run.ts";
import type { ImageGenerate } from "#core/schemas/image.ts";

/** What an adapter is asked for: a checked request, resolved to its model. */
export interface ImageWork {
  readonly model: string;
  readonly request: Omit<ImageGenerate, "model" | "timeout">;
  /** The images to change; empty for a new one. */
  readonly images: readonly string[];
  readonly mask: string | undefined;
}

export interface MadeImage {
  /** Where the provider has it; null when the bytes are in `base64`. */
  readonly url: string | null;
  readonly base64: string | null;
  readonly contentType: string | null;
  /** Unix ms at which the URL ends; null where the provider states none. */
  readonly expiresAt: number | null;
  readonly width: number | null;
  readonly height: number | null;
}

export interface ImageResult {
  readonly images: readonly MadeImage[];
  readonly seed: number | null;
  /** What the provider told it charges; undefined where it tells nothing. */
  readonly costPicoUsd?: bigint | undefined;
  readonly simulated: boolean;
}

/** Fields that some model does not take. */
export type ImageField =
  | "aspect_ratio"
  | "width"
  | "resolution"
  | "seed"
  | "output_format"
  | "negative_prompt"
  | "mask_url"
  | "n";

export interface ImageTraits {
  readonly takes: ReadonlySet<ImageField>;
  /** Most images that can be changed at once; 0 for a model that does not edit. */
  readonly maxImages: number;
  readonly ratios?: readonly string[];
  /** A side is a multiple of this. */
  readonly sideStep?: number;
  readonly maxSide?: number;
  readonly needsMask?: boolean;
}

/** One provider of images. */
export interface ImageAdapter {
  readonly traits: (model: string) => ImageTraits;
  /** What one image will cost; undefined where the price is not known. */
  readonly costOfOne: (work: ImageWork) => bigint | undefined;
  /** Makes the images. @throws ProviderFailure, GatewayError */
  readonly make: (work: ImageWork, credential: MediaCredential, run: MediaRun) => Promise<ImageResult>;
}

/**
 * Does the same for each image that is wanted, at once: for providers that make one a call. What some of them failed in is
 * no reason to lose the others; when all failed, the first failure is thrown. Nothing is left running.
 */
export const eachOf = async <Result>(n: number, make: (index: number) => Promise<Result>): Promise<Result[]> => {
  const ended = await Promise.allSettled(Array.from({ length: n }, (_, index) => make(index)));
  const made = ended.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = ended.find((one) => one.status === "rejected");
  if (made.length === 0 && failed !== undefined) throw failed.reason;
  return made;
};
