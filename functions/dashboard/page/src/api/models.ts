import { request } from "./request.ts";

export interface Model {
  readonly id: string;
  readonly name: string;
  readonly owned_by: string;
  readonly aliases: readonly string[];
  /** USD per million tokens. */
  readonly pricing?: {
    readonly input: number | null;
    readonly output: number | null;
    readonly cached_input: number | null;
  } | null;
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
