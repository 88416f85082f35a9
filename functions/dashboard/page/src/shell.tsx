import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { signOut } from "./api/auth.ts";
import { navigation } from "./navigation.ts";
import { root } from "./root.ts";
import { page } from "./router.ts";
import type { User } from "./session.ts";
import { type Theme, theme } from "./theme.ts";
import { Button } from "./ui/button.tsx";
import { Icon, Logo } from "./ui/icons.tsx";
import { Link } from "./ui/link.tsx";
import { ErrorNotice } from "./ui/notice.tsx";
import { useAction } from "./ui/use-action.ts";

const themes = [
  { id: "system", name: "System", icon: "system" },
  { id: "light", name: "Light", icon: "sun" },
  { id: "dark", name: "Dark", icon: "moon" },
] as const satisfies readonly { id: Theme; name: string; icon: string }[];

const ThemeChoice = () => (
  <fieldset class="segments theme">
    <legend class="visually-hidden">Theme</legend>
    {themes.map(({ id, name, icon }) => (
      <button
        key={id}
        type="button"
        aria-pressed={theme.value === id}
        aria-label={name}
        title={name}
        onClick={() => {
          theme.value = id;
        }}
      >
        <Icon name={icon} />
      </button>
    ))}
  </fieldset>
);

interface ShellProps {
  readonly user: User;
  readonly children: ComponentChildren;
}

/**
 * Side navigation, behind a menu button on narrow screens, and the current page.
 * Length: markup of the frame around every page.
 */
export const Shell = ({ user, children }: ShellProps) => {
  const open = useSignal(false);
  const menuButton = useRef<HTMLButtonElement>(null);
  const leave = useAction(signOut);
  const fold = (): void => {
    open.value = false;
  };
  useEffect(() => {
    if (!open.value) return undefined;
    // On the document: a tap on a phone leaves the focus nowhere.
    const foldOnEscape = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      fold();
      menuButton.current?.focus();
    };
    document.addEventListener("keydown", foldOnEscape);
    return () => document.removeEventListener("keydown", foldOnEscape);
  }, [open.value]);
  return (
    <div class="shell">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="side">
        <div class="side-inner">
          <div class="side-head">
            <p class="brand">
              <Logo />
              <span>Concurred</span>
            </p>
            <button
              ref={menuButton}
              type="button"
              class="icon-button menu-button"
              aria-label="Menu"
              aria-expanded={open.value}
              aria-controls="menu"
              onClick={() => {
                open.value = !open.value;
              }}
            >
              <Icon name={open.value ? "close" : "menu"} />
            </button>
          </div>
          <div id="menu" class={open.value ? "menu open" : "menu"}>
            <nav aria-label="Dashboard">
              <ul>
                {navigation.map(({ id, name, icon }) => (
                  <li key={id}>
                    <Link to={id} class="nav-link" current={page.value === id} onFollow={fold}>
                      <Icon name={icon} />
                      {name}
                    </Link>
                  </li>
                ))}
                <li>
                  <a class="nav-link" href={`${root}docs`}>
                    <Icon name="info" />
                    Docs
                  </a>
                </li>
              </ul>
            </nav>
            <div class="side-foot">
              <ThemeChoice />
              <p class="account" title={user.email ?? user.id}>
                {user.email ?? user.id}
              </p>
              <ErrorNotice error={leave.error.value} />
              <Button kind="quiet" icon="signOut" pending={leave.pending.value} onClick={() => void leave.run()}>
                Sign out
              </Button>
            </div>
          </div>
        </div>
      </header>
      <main id="content" class="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
};
