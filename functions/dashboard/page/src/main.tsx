import "@preact/signals";
import { render } from "preact";
import { loadSession } from "./api/auth.ts";
import { App } from "./app.tsx";
import "./theme.ts";

const place = document.getElementById("app");
if (place === null) throw new Error("The page has no place for the app.");
void loadSession();
render(<App />, place);
