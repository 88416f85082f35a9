import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { takeNavigated } from "../router.ts";

interface PageHeaderProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** What can be done on this page. */
  readonly actions?: ComponentChildren;
}

/** Names the page, also in the tab. After a navigation it takes the focus, so that a screen reader reads it. */
export const PageHeader = ({ title, children, actions }: PageHeaderProps) => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Concurred`;
    if (takeNavigated()) heading.current?.focus();
  }, [title]);
  return (
    <header class="page-header">
      <div class="page-header-text">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {children === undefined ? null : <p class="lead">{children}</p>}
      </div>
      {actions === undefined ? null : <div class="page-actions">{actions}</div>}
    </header>
  );
};
