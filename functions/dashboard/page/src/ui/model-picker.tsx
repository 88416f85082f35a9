import { type Signal, useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import type { Model } from "../api/models.ts";
import { formatCompact } from "../format.ts";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icons.tsx";
import { Link } from "./link.tsx";
import { ProviderMark } from "./provider-mark.tsx";

/** Chooses a model: found by words, with price, context and capabilities. */

interface Choice {
  readonly value: string;
  /** Below the id: the model behind an alias, price, context, abilities. */
  readonly facts: string;
  readonly owner: string | undefined;
}

const abilityWords = { tools: "tools", reasoning: "reasoning", jsonSchema: "JSON schema" } as const;

const factsOf = ({ pricing, context_window: context, capabilities = {}, modalities }: Model): string =>
  [
    pricing?.input === undefined || pricing.input === null || pricing.output === null
      ? undefined
      : `$${pricing.input} in, $${pricing.output} out per million`,
    context === undefined ? undefined : `${formatCompact(context)} context`,
    ...Object.entries(abilityWords).flatMap(([name, word]) => (capabilities[name] === true ? [word] : [])),
    ...(modalities?.input ?? []).filter((kind) => kind !== "text").map((kind) => `reads ${kind}s`),
  ]
    .filter((part) => part !== undefined)
    .join(" · ");

const automatic: readonly Choice[] = [
  { value: "auto", facts: "Chosen for each request", owner: undefined },
  { value: "auto:rated", facts: "Chosen by your own votes", owner: undefined },
];

/** Before the list has come. */
const knownAliases: readonly Choice[] = ["gpt", "claude", "gemini", "grok"].map((value) => ({
  value,
  facts: "The maker's newest",
  owner: undefined,
}));

const choicesOf = (models: readonly Model[]): readonly Choice[] => [
  ...automatic,
  ...(models.length === 0 ? knownAliases : []),
  ...models.flatMap((model) =>
    model.aliases.map((value) => ({ value, facts: `${model.name} · ${factsOf(model)}`, owner: model.owned_by })),
  ),
  ...models.map((model) => ({ value: model.id, facts: factsOf(model), owner: model.owned_by })),
];

/** What matches every word, and, where no id is what was written, that as an id of its own. */
const found = (choices: readonly Choice[], text: string): readonly Choice[] => {
  const words = text.toLowerCase().split(/\s+/);
  const matching = choices.filter(({ value, facts, owner = "" }) => {
    const all = `${value} ${facts} ${owner}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const id = text.trim();
  const isUnlisted = id !== "" && !/\s/.test(id) && !choices.some(({ value }) => value === id);
  return isUnlisted
    ? [...matching, { value: id, facts: "Use this id, which is not listed", owner: undefined }]
    : matching;
};

interface ListProps {
  readonly models: readonly Model[];
  readonly chosen: string;
  readonly onChoose: (value: string) => void;
}

/** Length: one combobox, whose parts refer to each other. */
const SearchList = ({ models, chosen, onChoose }: ListProps) => {
  const id = useId();
  const text = useSignal("");
  const choices = found(choicesOf(models), text.value);
  const active = useSignal(
    Math.max(
      0,
      choices.findIndex(({ value }) => value === chosen),
    ),
  );
  const list = useRef<HTMLDivElement>(null);
  const index = Math.min(active.value, choices.length - 1);
  useLayoutEffect(() => {
    list.current?.children[index]?.scrollIntoView({ block: "nearest" });
  }, [index, text.value]);
  const move = (by: number): void => {
    active.value = (index + by + choices.length) % Math.max(1, choices.length);
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => {
      const choice = choices[index];
      if (choice !== undefined) onChoose(choice.value);
    },
  };
  return (
    <div class="picker">
      <input
        role="combobox"
        // A dialog gives the focus to what asks for it.
        {...{ autofocus: true }}
        aria-label="Search models"
        aria-expanded="true"
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={choices.length === 0 ? undefined : `${id}-${index}`}
        placeholder="Search by name, maker or ability"
        autocomplete="off"
        spellcheck={false}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          active.value = 0;
        }}
        onKeyDown={(event) => {
          const act = keys[event.key];
          if (act === undefined || event.isComposing) return;
          event.preventDefault();
          act();
        }}
      />
      <div ref={list} id={id} class="picker-list" role="listbox" aria-label="Models" tabIndex={-1}>
        {choices.map(({ value, facts, owner }, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above has the keys.
          <div
            key={value}
            id={`${id}-${place}`}
            role="option"
            tabIndex={-1}
            class={place === index ? "picker-option active" : "picker-option"}
            aria-selected={value === chosen}
            onClick={() => onChoose(value)}
          >
            <ProviderMark name={owner} />
            <span class="picker-text">
              <span class="picker-name">{value}</span>
              <span class="hint">{facts}</span>
            </span>
            {value === chosen ? <Icon name="check" /> : null}
          </div>
        ))}
      </div>
      {choices.length === 0 ? <p class="hint">No model matches all of these words.</p> : null}
      <p class="hint">
        <Link to="models">Compare models and prices</Link>
      </p>
    </div>
  );
};

interface ModelPickerProps {
  readonly label: string;
  readonly value: Signal<string>;
  readonly models: readonly Model[];
}

export const ModelPicker = ({ label, value, models }: ModelPickerProps) => {
  const open = useSignal(false);
  const close = (): void => {
    open.value = false;
  };
  const owner = models.find(({ id, aliases }) => id === value.value || aliases.includes(value.value))?.owned_by;
  return (
    <>
      <button
        type="button"
        class="button secondary picker-button"
        aria-haspopup="dialog"
        aria-label={`${label}: ${value.value}`}
        onClick={() => {
          open.value = true;
        }}
      >
        <ProviderMark name={owner} />
        <span class="picker-value">{value.value}</span>
        <Icon name="down" />
      </button>
      {open.value ? (
        <Dialog title={label} onClose={close}>
          <SearchList
            models={models}
            chosen={value.value}
            onChoose={(chosen) => {
              value.value = chosen;
              close();
            }}
          />
        </Dialog>
      ) : null}
    </>
  );
};
