import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** Form controls with their label and hint, each bound to a signal of text. */

interface FieldProps {
  readonly label: string;
  readonly value: Signal<string>;
  readonly hint?: ComponentChildren;
}

interface FrameProps {
  readonly id: string;
  readonly label: string;
  readonly hint: ComponentChildren;
  readonly children: ComponentChildren;
}

const Frame = ({ id, label, hint, children }: FrameProps) => (
  <div class="field">
    <label for={id}>{label}</label>
    {children}
    {hint === undefined ? null : (
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    )}
  </div>
);

interface TextFieldProps extends FieldProps {
  readonly type?: "text" | "email" | "password" | "number" | "date" | "url" | "search";
  readonly required?: boolean;
  readonly autocomplete?: "username" | "email" | "current-password" | "new-password" | "off";
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: string | number;
  readonly max?: string | number;
  readonly step?: string | number;
  readonly placeholder?: string;
  readonly autofocus?: boolean;
  /** For keys and ids. */
  readonly mono?: boolean;
  /** Offered while typing. */
  readonly suggestions?: readonly string[];
  readonly onCommit?: () => void;
}

export const TextField = ({ label, value, hint, mono = false, suggestions, onCommit, ...input }: TextFieldProps) => {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint}>
      <input
        // Preact has a type of its own for each kind of input, and none for a choice among them.
        {...(input as object)}
        id={id}
        class={mono ? "mono" : undefined}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        spellcheck={!mono && input.type !== "password"}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
        onChange={() => onCommit?.()}
        list={suggestions === undefined ? undefined : `${id}-list`}
      />
      {suggestions === undefined ? null : (
        <datalist id={`${id}-list`}>
          {suggestions.map((text) => (
            <option key={text} value={text} />
          ))}
        </datalist>
      )}
    </Frame>
  );
};

export interface Option {
  readonly value: string;
  readonly label: string;
}

export interface OptionGroup {
  readonly label: string;
  readonly options: readonly Option[];
}

interface SelectFieldProps extends FieldProps {
  readonly options?: readonly Option[];
  readonly groups?: readonly OptionGroup[];
  readonly onCommit?: () => void;
}

const toOption = ({ value, label }: Option) => (
  <option key={value} value={value}>
    {label}
  </option>
);

export const SelectField = ({ label, value, hint, options = [], groups = [], onCommit }: SelectFieldProps) => {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint}>
      <select
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        value={value.value}
        onChange={(event) => {
          value.value = event.currentTarget.value;
          onCommit?.();
        }}
      >
        {options.map(toOption)}
        {groups.map((group) => (
          <optgroup key={group.label} label={group.label}>
            {group.options.map(toOption)}
          </optgroup>
        ))}
      </select>
    </Frame>
  );
};

interface TextAreaFieldProps extends FieldProps {
  readonly rows?: number;
  readonly placeholder?: string;
  /** For code. */
  readonly mono?: boolean;
  /** What is wrong with the text, if anything. */
  readonly fault?: string | undefined;
}

export const TextAreaField = ({ label, value, hint, rows = 3, placeholder, mono, fault }: TextAreaFieldProps) => {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint}>
      <textarea
        id={id}
        class={mono === true ? "mono" : undefined}
        spellcheck={mono !== true}
        rows={rows}
        placeholder={placeholder}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        aria-invalid={fault !== undefined}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
      <p class="field-fault" role="status">
        {fault}
      </p>
    </Frame>
  );
};
