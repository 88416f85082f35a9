import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons.tsx";

export interface ButtonProps {
  readonly children: ComponentChildren;
  readonly kind?: "primary" | "secondary" | "quiet" | "danger";
  readonly type?: "button" | "submit";
  readonly icon?: IconName;
  /** The accessible name, where the words alone do not tell what it acts on. */
  readonly label?: string;
  /** Shows that work goes on. The button keeps its focus and its width. */
  readonly pending?: boolean;
  readonly small?: boolean;
  readonly expanded?: boolean;
  readonly controls?: string;
  readonly onClick?: () => void;
}

export const Button = (props: ButtonProps) => {
  const { children, kind = "secondary", type = "button", icon, label, pending = false, small = false, onClick } = props;
  return (
    <button
      type={type}
      class={`button ${kind}${small ? " small" : ""}`}
      aria-label={label}
      aria-disabled={pending}
      aria-busy={pending}
      aria-expanded={props.expanded}
      aria-controls={props.controls}
      onClick={pending ? undefined : onClick}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      <span class="button-text">{children}</span>
    </button>
  );
};
