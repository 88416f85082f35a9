/** What the documentation does with a script: the chosen theme, a folded menu on a phone, and "Try it". */

const root = location.pathname.slice(0, location.pathname.indexOf("/docs"));

try {
  const theme = localStorage.getItem("concurred-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden: the system's theme serves.
}

const fold = document.querySelector<HTMLDetailsElement>(".side-fold");
if (fold !== null && matchMedia("(max-width: 56rem)").matches) fold.open = false;
for (const link of document.querySelectorAll<HTMLAnchorElement>(".side a")) {
  if (link.pathname !== location.pathname) continue;
  link.setAttribute("aria-current", "page");
  const group = link.closest("details");
  if (group !== null) group.open = true;
}

/** The address that a form's fields make, and what is wrong with the body, if anything. */
const addressOf = (form: HTMLFormElement): string => {
  let path = form.dataset.path ?? "";
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll<HTMLInputElement>("input")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.set(input.name, input.value);
  }
  const text = query.toString();
  return `${root}${path}${text === "" ? "" : `?${text}`}`;
};

const pretty = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
};

const send = async (form: HTMLFormElement): Promise<string> => {
  const body = form.querySelector("textarea")?.value;
  const answer = await fetch(addressOf(form), {
    method: form.dataset.method ?? "GET",
    credentials: "same-origin",
    headers: {
      ...(form.dataset.ownPage === undefined ? {} : { "x-concurred-page": "1" }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = pretty(await answer.text());
  const signIn = answer.status === 401 ? "Sign in to the dashboard first, in this browser.\n\n" : "";
  return `${signIn}${answer.status} ${answer.statusText}\n\n${text}`;
};

for (const form of document.querySelectorAll<HTMLFormElement>("form.try")) {
  form.hidden = false;
  const shown = form.querySelector<HTMLElement>(".try-answer");
  const button = form.querySelector("button");
  if (shown === null || button === null) continue;
  let running = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (running) return;
    running = true;
    button.setAttribute("aria-busy", "true");
    send(form)
      .catch((error: unknown) => String(error))
      .then((text) => {
        shown.hidden = false;
        shown.textContent = text;
        running = false;
        button.removeAttribute("aria-busy");
      });
  });
}
