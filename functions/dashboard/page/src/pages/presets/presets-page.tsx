import { useSignal } from "@preact/signals";
import { listModels } from "../../api/models.ts";
import type { PresetSettings } from "../../api/preset-settings.ts";
import { createPreset, listPresets, type Preset, removePreset, replacePreset } from "../../api/presets.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { announce } from "../../ui/toast.tsx";
import { useFocusAfterRemoval } from "../../ui/use-focus-after-removal.ts";
import { useResource } from "../../ui/use-resource.ts";
import { PresetForm } from "./preset-form.tsx";
import { PresetRow } from "./preset-row.tsx";

type OpenDialog =
  | { readonly kind: "create" }
  | { readonly kind: "edit"; readonly preset: Preset }
  | { readonly kind: "remove"; readonly preset: Preset };

const byName = (left: Preset, right: Preset): number => (left.name < right.name ? -1 : 1);

/** The names that the form suggests. Without them it works as well. */
const readModelNames = async (signal: AbortSignal): Promise<readonly string[]> =>
  (await listModels("", signal)).flatMap(({ id, aliases }) => [id, ...aliases]);

/** The list of presets and its dialogs. Length: markup of one page. */
export const PresetsPage = () => {
  const presets = useResource(listPresets);
  const models = useResource(readModelNames);
  const dialog = useSignal<OpenDialog | undefined>(undefined);
  const list = presets.data.value;
  useFocusAfterRemoval(list?.length);
  const open = dialog.value;
  const show = (next: OpenDialog | undefined): void => {
    dialog.value = next;
  };
  const put = (preset: Preset): void => {
    const others = (presets.data.value ?? []).filter(({ name }) => name !== preset.name);
    presets.data.value = [...others, preset].toSorted(byName);
    show(undefined);
    announce(`${preset.model} is saved.`);
  };
  const save = async (name: string, settings: PresetSettings): Promise<void> =>
    put(await (open?.kind === "edit" ? replacePreset(open.preset.name, settings) : createPreset(name, settings)));
  return (
    <>
      <PageHeader
        title="Presets"
        actions={
          <Button kind="primary" icon="plus" onClick={() => show({ kind: "create" })}>
            Create preset
          </Button>
        }
      >
        A model with its fallbacks, guardrails and parameters under one name. Change them here without touching your
        clients.
      </PageHeader>
      <ErrorNotice error={presets.error.value} onRetry={presets.reload} />
      {list === undefined && presets.error.value === undefined ? (
        <Skeleton rows={2} label="Loading your presets" />
      ) : null}
      {list?.length === 0 ? (
        <Empty title="No presets yet">
          Create one, and name it in a request: <code>"model": "@preset/support"</code>
        </Empty>
      ) : null}
      {list === undefined || list.length === 0 ? null : (
        <ul class="rows" aria-label="Your presets">
          {list.map((preset) => (
            <PresetRow
              key={preset.name}
              preset={preset}
              onEdit={() => show({ kind: "edit", preset })}
              onRemove={() => show({ kind: "remove", preset })}
            />
          ))}
        </ul>
      )}
      {open?.kind === "create" || open?.kind === "edit" ? (
        <Dialog
          title={open.kind === "create" ? "Create a preset" : `Edit ${open.preset.model}`}
          onClose={() => show(undefined)}
        >
          <PresetForm
            preset={open.kind === "edit" ? open.preset : undefined}
            models={models.data.value ?? []}
            onSave={save}
            onCancel={() => show(undefined)}
          />
        </Dialog>
      ) : null}
      {open?.kind === "remove" ? (
        <ConfirmDialog
          title="Delete preset"
          confirm="Delete preset"
          onClose={() => show(undefined)}
          onConfirm={async () => {
            const { name, model } = open.preset;
            await removePreset(name);
            presets.data.value = presets.data.value?.filter((preset) => preset.name !== name);
            show(undefined);
            announce(`${model} is deleted.`);
          }}
        >
          <p class="wrap">
            Requests that name <code>{open.preset.model}</code> are refused with 400 from then on.
          </p>
        </ConfirmDialog>
      ) : null}
    </>
  );
};
