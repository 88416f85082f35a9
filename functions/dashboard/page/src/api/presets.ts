import type { PresetSettings } from "./preset-settings.ts";
import { data, request } from "./request.ts";

/** Presets: settings of chat requests under a name. The whole contract is in the OpenAPI document. */

export interface Preset {
  readonly name: string;
  /** What a request names as its model. */
  readonly model: string;
  readonly settings: PresetSettings;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const listPresets = (signal?: AbortSignal): Promise<readonly Preset[]> =>
  data("v1/presets", signal === undefined ? {} : { signal });

export const createPreset = (name: string, settings: PresetSettings): Promise<Preset> =>
  data("v1/presets", { method: "POST", body: { name, settings } });

const pathOf = (name: string): string => `v1/presets/${encodeURIComponent(name)}`;

/** Replaces the settings as a whole. */
export const replacePreset = (name: string, settings: PresetSettings): Promise<Preset> =>
  data(pathOf(name), { method: "PATCH", body: { settings } });

export const removePreset = async (name: string): Promise<void> => {
  await request(pathOf(name), { method: "DELETE" });
};
