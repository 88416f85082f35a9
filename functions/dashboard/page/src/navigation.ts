import type { ComponentType } from "preact";
import type { IconName } from "./ui/icons.tsx";

export interface NavigationItem {
  /** Its address: `dashboard/<id>`. */
  readonly id: string;
  readonly name: string;
  readonly icon: IconName;
  /** Loads the page's own script, the first time. Rejects when the server does not have it any more. */
  readonly load: () => Promise<ComponentType>;
}

/** The pages of the dashboard, in the order of the menu. A new page is a line here. Each is a script of its own. */
export const navigation: readonly NavigationItem[] = [
  {
    id: "start",
    name: "Get started",
    icon: "home",
    load: async () => (await import("./pages/start/start-page.tsx")).StartPage,
  },
  { id: "keys", name: "Keys", icon: "key", load: async () => (await import("./pages/keys/keys-page.tsx")).KeysPage },
  {
    id: "provider-keys",
    name: "Provider keys",
    icon: "plug",
    load: async () => (await import("./pages/provider-keys/provider-keys-page.tsx")).ProviderKeysPage,
  },
  {
    id: "presets",
    name: "Presets",
    icon: "sliders",
    load: async () => (await import("./pages/presets/presets-page.tsx")).PresetsPage,
  },
  {
    id: "usage",
    name: "Usage",
    icon: "chart",
    load: async () => (await import("./pages/usage/usage-page.tsx")).UsagePage,
  },
  {
    id: "requests",
    name: "Requests",
    icon: "pulse",
    load: async () => (await import("./pages/requests/requests-page.tsx")).RequestsPage,
  },
  {
    id: "models",
    name: "Models",
    icon: "list",
    load: async () => (await import("./pages/models/models-page.tsx")).ModelsPage,
  },
  {
    id: "playground",
    name: "Playground",
    icon: "chat",
    load: async () => (await import("./pages/playground/playground-page.tsx")).PlaygroundPage,
  },
  {
    id: "arena",
    name: "Arena",
    icon: "columns",
    load: async () => (await import("./pages/arena/arena-page.tsx")).ArenaPage,
  },
  {
    id: "leaderboard",
    name: "Leaderboard",
    icon: "podium",
    load: async () => (await import("./pages/leaderboard/leaderboard-page.tsx")).LeaderboardPage,
  },
  {
    id: "gallery",
    name: "Gallery",
    icon: "picture",
    load: async () => (await import("./pages/gallery/gallery-page.tsx")).GalleryPage,
  },
  {
    id: "status",
    name: "Status",
    icon: "status",
    load: async () => (await import("./pages/status/status-page.tsx")).StatusPage,
  },
  {
    id: "account",
    name: "Account",
    icon: "user",
    load: async () => (await import("./pages/account/account-page.tsx")).AccountPage,
  },
];

/** The page at an address, or undefined. */
export const pageAt = (id: string): NavigationItem | undefined => navigation.find((item) => item.id === id);
