import "@preact/signals";
import { render } from "preact";
import { loadSession } from "./api/auth.ts";
import { App } from "./app.tsx";
import { keepConversation } from "./pages/playground/kept-conversation.ts";
import "./theme.ts";

const container = document.getElementById("app");
if (container === null) throw new Error("The page has no #app element.");
keepConversation();
void loadSession();
render(<App />, container);
