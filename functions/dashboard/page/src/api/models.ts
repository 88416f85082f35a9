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
}

/** What the key may call. */
export const listModels = async (apiKey: string, signal: AbortSignal): Promise<readonly Model[]> => {
  const { json } = await request("v1/models", { apiKey, signal });
  return json.data as readonly Model[];
};
