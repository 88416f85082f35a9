import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icons.tsx";

export interface MenuItem {
  readonly name: string;
  readonly icon: IconName;
  readonly onSelect: () => void;
}

interface MenuProps {
  /** Accessible name of the button: what the menu acts on. */
  readonly label: string;
  readonly items: readonly MenuItem[];
}

interface ListProps extends MenuProps {
  readonly button: HTMLElement;
  readonly onClose: () => void;
}

const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

/** Below the button's right edge, or above it where there is no room. In the top layer, so that nothing cuts it off. */
const place = (list: HTMLElement, button: HTMLElement): void => {
  const { right, bottom, top } = button.getBoundingClientRect();
  const below = bottom + list.offsetHeight <= innerHeight;
  list.style.left = `${Math.max(8, right - list.offsetWidth)}px`;
  list.style.top = `${below ? bottom : Math.max(8, top - list.offsetHeight)}px`;
};

/** The browser's own popover: Escape and a click elsewhere close it. */
const List = ({ label, items, button, onClose }: ListProps) => {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const list = element.current;
    if (list === null) return undefined;
    list.showPopover();
    place(list, button);
    list.querySelector("button")?.focus();
    const follow = (): void => place(list, button);
    addEventListener("scroll", follow, { passive: true });
    return () => removeEventListener("scroll", follow);
  }, []);
  const move = (event: KeyboardEvent): void => {
    if (event.key === "Tab") {
      button.focus();
      onClose();
    }
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const all = [...(element.current?.querySelectorAll("button") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  return (
    <div
      ref={element}
      popover="auto"
      role="menu"
      class="menu-list"
      aria-label={label}
      onKeyDown={move}
      onToggle={(event) => {
        if (event.newState === "closed") onClose();
      }}
    >
      {items.map(({ name, icon, onSelect }) => (
        <button
          key={name}
          type="button"
          role="menuitem"
          onClick={() => {
            // Before the work: a dialog gives the focus back to what had it.
            button.focus();
            onClose();
            onSelect();
          }}
        >
          <Icon name={icon} />
          {name}
        </button>
      ))}
    </div>
  );
};

/** A button of three dots with what can be done. The list exists while it is open. */
export const Menu = ({ label, items }: MenuProps) => {
  const open = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        ref={button}
        type="button"
        class="icon-button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open.value}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <Icon name="more" />
      </button>
      {open.value && button.current !== null ? (
        <List
          label={label}
          items={items}
          button={button.current}
          onClose={() => {
            open.value = false;
          }}
        />
      ) : null}
    </>
  );
};
