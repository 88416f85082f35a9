import type { Model } from "../../api/models.ts";
import type { OptionGroup } from "../../ui/fields.tsx";

const auto = { value: "auto", label: "auto → chosen for each request" };
const rated = { value: "auto:rated", label: "auto:rated → by your own votes" };

/** The models that a key may call, aliases first, then by their makers. */
export const modelGroups = (models: readonly Model[]): readonly OptionGroup[] => {
  const aliases = models.flatMap(({ name, aliases: names }) =>
    names.map((alias) => ({ value: alias, label: `${alias} → ${name}` })),
  );
  const owners = [...new Set(models.map((model) => model.owned_by))];
  return [
    { label: "Aliases", options: [auto, rated, ...aliases] },
    ...owners.map((owner) => ({
      label: owner,
      options: models.filter((model) => model.owned_by === owner).map(({ id }) => ({ value: id, label: id })),
    })),
  ];
};

/** Until the key is there, and with it the list of models. */
export const unlistedGroup: OptionGroup = {
  label: "Aliases",
  options: [auto, rated, ...["gpt", "claude", "gemini", "grok"].map((alias) => ({ value: alias, label: alias }))],
};
