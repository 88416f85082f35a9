import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { listModels } from "../../api/models.ts";
import { navigate, route } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { ModelPicker } from "../../ui/model-picker.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { StoreNotice } from "../../ui/store-notice.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { CallDialog } from "./call-dialog.tsx";
import { Composer } from "./composer.tsx";
import { answering, begin, compare, endCompare, isEmpty, lanes } from "./conversation.ts";
import { HistoryDrawer } from "./history-drawer.tsx";
import { restored } from "./kept-conversations.ts";
import { LaneView } from "./lane-view.tsx";
import { isUsable, playgroundKey } from "./playground-key.ts";
import { changedSettings, listedModels } from "./settings.ts";
import { SettingsDrawer } from "./settings-drawer.tsx";

const statusOf = (): string => {
  if (answering.value) return "Answering…";
  const last = lanes.value.map(({ path }) => path.value.at(-1));
  if (last.every((turn) => turn === undefined || turn.error !== undefined)) return "";
  return last.some((turn) => turn?.stopped === true) ? "Stopped." : "The answer is complete.";
};

type Drawer = "settings" | "history" | "call";

const Tools = ({ onOpen }: { onOpen: (drawer: Drawer) => void }) => {
  const changed = changedSettings() + (playgroundKey.value === "" ? 0 : 1);
  const compared = lanes.value.length > 1;
  return (
    <div class="toolbar playground-tools">
      <Button small icon="columns" onClick={compared ? endCompare : compare}>
        {compared ? "End comparison" : "Compare"}
      </Button>
      <Button small icon="sliders" onClick={() => onOpen("settings")}>
        {changed === 0 ? "Settings" : `Settings (${changed})`}
      </Button>
      <Button small icon="code" onClick={() => onOpen("call")}>
        This call
      </Button>
      <Button small icon="list" onClick={() => onOpen("history")}>
        Conversations
      </Button>
      {isEmpty.value ? null : (
        <Button small icon="plus" onClick={begin}>
          New conversation
        </Button>
      )}
    </div>
  );
};

/** A model that an address names, such as from the page of models, is asked in a new conversation. */
const useNamedModel = (): void => {
  const named = route.value.query.get("model");
  const ready = restored.value;
  useEffect(() => {
    if (named === null || !ready) return;
    begin();
    for (const { model } of lanes.peek().slice(0, 1)) model.value = named;
    navigate("playground", { replace: true });
  }, [named, ready]);
};

export const PlaygroundPage = () => {
  useNamedModel();
  const drawer = useSignal<Drawer | undefined>(undefined);
  const key = playgroundKey.value;
  const models = useResource((signal) => (isUsable(key) ? listModels(key, signal) : Promise.resolve(undefined)), key);
  const listed = models.data.value;
  useEffect(() => {
    listedModels.value = listed ?? [];
  }, [listed]);
  const [first] = lanes.value;
  const close = (): void => {
    drawer.value = undefined;
  };
  return (
    <div class="playground-page">
      <PageHeader title="Playground" />
      <div class="playground-head">
        {lanes.value.length > 1 || first === undefined ? null : (
          <ModelPicker label="Model" value={first.model} models={listedModels.value} />
        )}
        <Tools
          onOpen={(wanted) => {
            drawer.value = wanted;
          }}
        />
      </div>
      <ErrorNotice error={models.error.value} onRetry={models.reload} />
      <StoreNotice />
      <div class="card conversation">
        <div class={lanes.value.length > 1 ? "lanes two" : "lanes"}>
          {lanes.value.map((lane, place) => (
            <LaneView key={lane.id} lane={lane} place={place} count={lanes.value.length} />
          ))}
        </div>
        <p class="visually-hidden" role="status">
          {statusOf()}
        </p>
        <Composer />
      </div>
      {drawer.value === "settings" ? <SettingsDrawer onClose={close} /> : null}
      {drawer.value === "history" ? <HistoryDrawer onClose={close} /> : null}
      {drawer.value === "call" && first !== undefined ? <CallDialog lane={first} onClose={close} /> : null}
    </div>
  );
};
