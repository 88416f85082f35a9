import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Route, routes } from "#core/routes.ts";
import { repositoryRoot } from "#tests/support/repository-files.ts";

it("README.md's table of endpoints has every path that is served with its methods, and no other", () => {
  const readme = readFileSync(join(repositoryRoot, "README.md"), "utf8");
  const [, section = ""] = /^## Endpoints\n([\s\S]*?)^## /m.exec(readme) ?? [];
  const listed = [...section.matchAll(/`([A-Z, ]+) (\/[^`]+)`/g)].map(([, methods = "", path]) => `${methods} ${path}`);
  const served = (routes as readonly Route[])
    .filter(({ handler, path }) => handler !== "functions/not-found.handler" && !path.endsWith("/{proxy+}"))
    .map(({ methods, path }) => `${methods.join(", ")} ${path.replaceAll("+}", "}")}`);
  expect(listed.toSorted()).toEqual(served.toSorted());
});
