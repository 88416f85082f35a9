import type { ComponentChildren } from "preact";
import { addressOf, navigate } from "../router.ts";

interface LinkProps {
  readonly to: string;
  readonly query?: URLSearchParams;
  readonly class?: string;
  readonly current?: boolean;
  readonly children: ComponentChildren;
  readonly onFollow?: () => void;
}

/** A link within the page. A click with a modifier key opens it as any other link. */
export const Link = ({ to, query, current = false, children, onFollow, ...rest }: LinkProps) => (
  <a
    class={rest.class}
    href={addressOf(to, query)}
    aria-current={current ? "page" : undefined}
    onClick={(event) => {
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      onFollow?.();
      navigate(to, query === undefined ? {} : { query });
    }}
  >
    {children}
  </a>
);
