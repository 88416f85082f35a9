import { isAuto } from "#core/catalog/auto.ts";
import { councilPriceClass } from "#core/catalog/council-models.ts";
import { presetPrefix } from "#core/catalog/preset-name.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import {
  insertPreset,
  maxPresets,
  maxSettingsCharacters,
  type PresetRow,
  readPresets,
  removePreset,
  replacePreset,
} from "#core/db/presets.ts";
import { GatewayError } from "#core/errors.ts";
import type { NewPreset, PresetSettings } from "#core/schemas/presets.ts";
import { ownValue } from "#core/values/records.ts";

/** A preset as its owner sees it. */
export interface PresetView {
  readonly name: string;
  /** What a request names as its model. */
  readonly model: string;
  readonly settings: unknown;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const toView = (name: string, { settings, createdAt, updatedAt }: PresetRow): PresetView => ({
  name,
  model: `${presetPrefix}${name}`,
  settings: JSON.parse(settings) as unknown,
  createdAt,
  updatedAt,
});

const checkModel = (name: string, param: string): void => {
  if (!isAuto(name) && councilPriceClass(name) === undefined) resolveModel(name, param);
};

/** @throws GatewayError INVALID_MODEL for a model that is not there, BAD_REQUEST for settings that are too long */
const toJson = (settings: PresetSettings): string => {
  checkModel(settings.model, "settings.model");
  for (const [index, name] of (settings.fallback ?? []).entries()) checkModel(name, `settings.fallback[${index}]`);
  const json = JSON.stringify(settings);
  if (json.length <= maxSettingsCharacters) return json;
  throw new GatewayError("BAD_REQUEST", `The settings are longer than ${maxSettingsCharacters} characters of JSON.`, {
    param: "settings",
  });
};

const missing = (): GatewayError => new GatewayError("NOT_FOUND", "No preset has this name.", { param: "name" });

/** A user's presets by name. @throws AwsError */
export const showPresets = async (userId: string): Promise<readonly PresetView[]> =>
  Object.entries(await readPresets(userId))
    .map(([name, row]) => toView(name, row))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));

/** @throws GatewayError CONFLICT for a name that is taken, or at the most that one user may have; INVALID_MODEL; BAD_REQUEST */
export const createPreset = async (userId: string, { name, settings }: NewPreset): Promise<PresetView> => {
  const now = new Date().toISOString();
  const row = { settings: toJson(settings), createdAt: now, updatedAt: now };
  const result = await insertPreset(userId, name, row);
  if (result === "stored") return toView(name, row);
  const message =
    result === "taken"
      ? `You already have a preset with the name ${name}.`
      : `You have ${maxPresets} presets, the maximum. Delete one first.`;
  throw new GatewayError("CONFLICT", message, { param: "name", shouldRetry: false });
};

/** Replaces a preset's settings as a whole. @throws GatewayError NOT_FOUND, INVALID_MODEL, BAD_REQUEST */
export const changePreset = async (userId: string, name: string, settings: PresetSettings): Promise<PresetView> => {
  if (!(await replacePreset(userId, name, toJson(settings), new Date().toISOString()))) throw missing();
  const row = ownValue(await readPresets(userId), name);
  // Deleted meanwhile.
  if (row === undefined) throw missing();
  return toView(name, row);
};

/** @throws GatewayError NOT_FOUND */
export const deletePreset = async (userId: string, name: string): Promise<void> => {
  if (!(await removePreset(userId, name))) throw missing();
};
