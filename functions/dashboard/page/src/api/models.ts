import { request } from "./request.ts";

/** USD per million tokens; null where no price is known. */
export interface ModelPrices {
  readonly input: number | null;
  readonly output: number | null;
  readonly cached_input: number | null;
}

export interface Model {
  readonly id: string;
  readonly name: string;
  readonly owned_by: string;
  readonly aliases: readonly string[];
  readonly pricing?:
    | (ModelPrices & { readonly long_context?: (ModelPrices & { readonly above_input_tokens: number }) | null })
    | null;
  /** Announced prices, from a day on. */
  readonly later_pricing?: readonly (ModelPrices & { readonly from: string })[];
  readonly context_window?: number;
  readonly max_output_tokens?: number;
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly modalities?: { readonly input: readonly string[] };
  /** Only where the vendor has announced its end; a day, YYYY-MM-DD. */
  readonly deprecation?: { readonly shut_down_on: string; readonly successor: string };
}

/** The models that can be called. */
export const listModels = async (apiKey: string, signal: AbortSignal): Promise<readonly Model[]> => {
  const { json } = await request("v1/models", { apiKey, signal });
  return json.data as readonly Model[];
};
