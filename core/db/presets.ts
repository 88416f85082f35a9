import * as z from "zod/mini";
import { rareRowKeys } from "./rare-row-keys.ts";
import { failedCondition, getItem, updateItem, won } from "./table.ts";

/** A user's presets: one row, so that their number is a condition of the write that adds one. */

/** With the longest settings they stay below the 400 KB of a row. */
export const maxPresets = 40;
/** Of the settings as JSON. */
export const maxSettingsCharacters = 4_000;

const presetSchema = z.object({
  /** JSON. */
  settings: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
  updatedAt: z.string(),
});
const rowSchema = z.object({ presets: z._default(z.record(z.string(), presetSchema), {}) });

export type PresetRow = z.infer<typeof presetSchema>;

/** All of a user's presets by their names. @throws AwsError */
export const readPresets = async (userId: string): Promise<Readonly<Record<string, PresetRow>>> => {
  const item = await getItem("keys", rareRowKeys.presets(userId), { consistent: true });
  return item === undefined ? {} : rowSchema.parse(item).presets;
};

/** Adds a preset. `taken` where the name is, `full` at the most that one user may have. @throws AwsError */
export const insertPreset = async (
  userId: string,
  name: string,
  preset: PresetRow,
): Promise<"stored" | "taken" | "full"> => {
  const key = rareRowKeys.presets(userId);
  await updateItem("keys", key, "SET presets = if_not_exists(presets, :none)", { values: { ":none": {} } });
  try {
    await updateItem("keys", key, "SET presets.#name = :preset", {
      names: { "#name": name },
      values: { ":preset": preset, ":max": maxPresets },
      condition: "attribute_not_exists(presets.#name) AND size(presets) < :max",
    });
    return "stored";
  } catch (error) {
    if (failedCondition(error) === undefined) throw error;
    return Object.hasOwn(await readPresets(userId), name) ? "taken" : "full";
  }
};

/** Replaces the settings of a preset. False if no preset has this name. @throws AwsError */
export const replacePreset = (userId: string, name: string, settings: string, updatedAt: string): Promise<boolean> =>
  won(
    updateItem(
      "keys",
      rareRowKeys.presets(userId),
      "SET presets.#name.settings = :settings, presets.#name.updatedAt = :now",
      {
        names: { "#name": name },
        values: { ":settings": settings, ":now": updatedAt },
        condition: "attribute_exists(presets.#name)",
      },
    ),
  );

/** Removes a preset. False if no preset has this name. @throws AwsError */
export const removePreset = (userId: string, name: string): Promise<boolean> =>
  won(
    updateItem("keys", rareRowKeys.presets(userId), "REMOVE presets.#name", {
      names: { "#name": name },
      condition: "attribute_exists(presets.#name)",
    }),
  );
