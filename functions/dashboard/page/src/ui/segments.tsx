interface SegmentsProps<Value extends string> {
  readonly label: string;
  readonly value: Value | "";
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly onChoose: (value: Value) => void;
}

/** A few choices side by side, of which one may be on. */
export const Segments = <Value extends string>({ label, value, options, onChoose }: SegmentsProps<Value>) => (
  <fieldset class="segments">
    <legend class="visually-hidden">{label}</legend>
    {options.map((option) => (
      <button
        key={option.value}
        type="button"
        aria-pressed={option.value === value}
        onClick={() => onChoose(option.value)}
      >
        {option.label}
      </button>
    ))}
  </fieldset>
);
