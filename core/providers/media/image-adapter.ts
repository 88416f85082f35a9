import type { KeyCredential } from "#core/providers/provider.ts";
import type { ImageGenerate } from "#core/schemas/image.ts";
import type { MediaCalls } from "./media-calls.ts";

/** The interface of a provider of images. */

/** A checked request, resolved to its model. */
export interface ImageWork {
  readonly model: string;
  readonly request: Omit<ImageGenerate, "model" | "timeout" | "output_format"> & {
    readonly output_format?: "png" | "jpeg" | "webp" | undefined;
  };
  /** The images to edit; empty when a new one is generated. */
  readonly images: readonly string[];
  readonly mask: string | undefined;
  /** Fields of OpenAI's image API that only its own models support. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface MadeImage {
  /** Where the provider stores it; null when the bytes are in `base64`. */
  readonly url: string | null;
  readonly base64: string | null;
  readonly contentType: string | null;
  /** Unix ms at which the URL expires; null where the provider states no expiry. */
  readonly expiresAt: number | null;
  readonly width: number | null;
  readonly height: number | null;
}

export interface ImageResult {
  readonly images: readonly MadeImage[];
  readonly seed: number | null;
  /** The charge that the provider reported; undefined where it reports none. */
  readonly costPicoUsd?: bigint | undefined;
  readonly simulated: boolean;
  /** Images that were made and are charged, and that the provider keeps back. */
  readonly unshown?: number;
  /** Why the other images were not made, where each is a call of its own. */
  readonly failures?: readonly unknown[];
  /** Token counts, from providers that report them. */
  readonly usage?: Readonly<Record<string, unknown>> | undefined;
}

/** Fields that some models do not support. */
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
  /** The most images that one edit accepts; 0 for a model that does not edit. */
  readonly maxImages: number;
  readonly ratios?: readonly string[];
  /** Width and height are multiples of this. */
  readonly sideStep?: number;
  readonly maxSide?: number;
  readonly needsMask?: boolean;
}

/** One provider of images. */
export interface ImageAdapter {
  readonly traits: (model: string) => ImageTraits;
  /** Cost of one image; undefined when its price is not known. */
  readonly costOfOne: (work: ImageWork) => bigint | undefined;
  /** Makes the images. @throws ProviderFailure, GatewayError */
  readonly make: (work: ImageWork, credential: KeyCredential, calls: MediaCalls) => Promise<ImageResult>;
}
