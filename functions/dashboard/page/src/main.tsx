import "@preact/signals";
import { render } from "preact";
import { loadSession } from "./api/auth.ts";
import { App } from "./app.tsx";
import { pageAt } from "./navigation.ts";
import { page } from "./router.ts";
import "./theme.ts";

const container = document.getElementById("app");
if (container === null) throw new Error("The page has no #app element.");
void loadSession();
// The page's script travels while the session is asked for. A failure shows when the page is opened.
pageAt(page.value)
  ?.load()
  .catch(() => undefined);
render(<App />, container);
