import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { Button, type ButtonProps } from "./button.tsx";
import { ErrorNotice } from "./notice.tsx";
import type { Action } from "./use-action.ts";

interface FormProps {
  readonly action: Action<readonly []>;
  readonly submit: string;
  readonly kind?: ButtonProps["kind"];
  readonly children: ComponentChildren;
  /** Shown as a second button where there is something to turn away from. */
  readonly onCancel?: () => void;
  /** Buttons at the page's full width, as on the sign-in card. */
  readonly wide?: boolean;
  /** Something else to do with what is filled in, once it is valid. */
  readonly second?: { readonly name: string; readonly action: Action<readonly []> };
}

/** A form that runs an action, shows its error above its buttons, and cannot be sent twice. */
export const Form = ({ action, submit, kind = "primary", children, onCancel, wide = false, second }: FormProps) => {
  const form = useRef<HTMLFormElement>(null);
  return (
    <form
      ref={form}
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void action.run();
      }}
    >
      {children}
      <ErrorNotice error={action.error.value} />
      <div class={wide ? "form-buttons wide" : "form-buttons"}>
        {onCancel === undefined ? null : (
          <Button kind="quiet" onClick={onCancel}>
            Cancel
          </Button>
        )}
        {second === undefined ? null : (
          <Button
            pending={second.action.pending.value}
            onClick={() => {
              if (form.current?.reportValidity() === true) void second.action.run();
            }}
          >
            {second.name}
          </Button>
        )}
        <Button kind={kind} type="submit" pending={action.pending.value}>
          {submit}
        </Button>
      </div>
    </form>
  );
};
