import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface SectionProps {
  readonly title: string;
  readonly about: ComponentChildren;
  readonly children: ComponentChildren;
  readonly danger?: boolean;
}

/** A part of the page: what it is about, and beside it, or below on a narrow screen, what can be done. */
export const Section = ({ title, about, children, danger = false }: SectionProps) => {
  const id = useId();
  return (
    <section class={danger ? "card setting danger" : "card setting"} aria-labelledby={id}>
      <div class="setting-about">
        <h2 id={id}>{title}</h2>
        <p class="hint">{about}</p>
      </div>
      <div class="setting-body">{children}</div>
    </section>
  );
};
