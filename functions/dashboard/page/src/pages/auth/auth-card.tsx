import type { ComponentChildren } from "preact";
import { root } from "../../root.ts";
import { Logo } from "../../ui/icons.tsx";
import { PageHeader } from "../../ui/page-header.tsx";

interface AuthCardProps {
  readonly title: string;
  readonly lead?: string;
  readonly children: ComponentChildren;
  /** Ways to the other cards. */
  readonly foot?: ComponentChildren;
}

/** The frame of every page before sign-in. */
export const AuthCard = ({ title, lead, children, foot }: AuthCardProps) => (
  <main class="auth">
    <div class="auth-column">
      <p class="brand">
        <Logo />
        <span>Concurred</span>
      </p>
      <div class="card auth-card">
        <PageHeader title={title}>{lead}</PageHeader>
        {children}
      </div>
      {foot === undefined ? null : <p class="auth-foot">{foot}</p>}
      <p class="auth-foot">
        Open to everyone: <a href={`${root}docs/models`}>models and prices</a>, <a href={`${root}docs`}>docs</a>
      </p>
    </div>
  </main>
);
