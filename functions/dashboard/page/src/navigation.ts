import type { ComponentType } from "preact";
import { ArenaPage } from "./pages/arena/arena-page.tsx";
import { GalleryPage } from "./pages/gallery/gallery-page.tsx";
import { KeysPage } from "./pages/keys/keys-page.tsx";
import { ModelsPage } from "./pages/models/models-page.tsx";
import { PlaygroundPage } from "./pages/playground/playground-page.tsx";
import { ProviderKeysPage } from "./pages/provider-keys/provider-keys-page.tsx";
import { StartPage } from "./pages/start/start-page.tsx";
import { UsagePage } from "./pages/usage/usage-page.tsx";
import type { IconName } from "./ui/icons.tsx";

export interface NavigationItem {
  /** Its address: `dashboard/<id>`. */
  readonly id: string;
  readonly name: string;
  readonly icon: IconName;
  readonly page: ComponentType;
}

/** The pages of the dashboard, in the order of the menu. A new page is a line here. */
export const navigation: readonly NavigationItem[] = [
  { id: "start", name: "Get started", icon: "home", page: StartPage },
  { id: "keys", name: "Keys", icon: "key", page: KeysPage },
  { id: "provider-keys", name: "Provider keys", icon: "plug", page: ProviderKeysPage },
  { id: "usage", name: "Usage", icon: "chart", page: UsagePage },
  { id: "models", name: "Models", icon: "list", page: ModelsPage },
  { id: "playground", name: "Playground", icon: "chat", page: PlaygroundPage },
  { id: "arena", name: "Arena", icon: "columns", page: ArenaPage },
  { id: "gallery", name: "Gallery", icon: "picture", page: GalleryPage },
];
