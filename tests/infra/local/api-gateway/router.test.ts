import { describe, expect, it } from "vitest";
import { routes } from "#core/routes.ts";
import { createRouter } from "#infra/local/api-gateway/router.ts";

describe("paths match as in a REST API", () => {
  const match = createRouter(
    ["/a/b", "/a/{id}", "/a/{id}/c", "/a/{rest+}", "/x/{first}/{second}", "/x/{all+}", "/{proxy+}"].map((path) => ({
      path,
    })),
  );
  const found = (path: string) => [match(path)?.route.path, match(path)?.parameters];

  it("the most specific wins: a literal, then {name}, then {name+}", () => {
    expect(found("/a/b")).toEqual(["/a/b", null]);
    expect(found("/a/z")).toEqual(["/a/{id}", { id: "z" }]);
    expect(found("/a/b/c")).toEqual(["/a/{id}/c", { id: "b" }]);
    expect(found("/a/b/d")).toEqual(["/a/{rest+}", { rest: "b/d" }]);
    expect(found("/x/1/2")).toEqual(["/x/{first}/{second}", { first: "1", second: "2" }]);
    expect(found("/x/1/2/3")).toEqual(["/x/{all+}", { all: "1/2/3" }]);
    expect(found("/a")).toEqual(["/{proxy+}", { proxy: "a" }]);
  });

  it("a trailing slash is the same resource, and the root is not within {proxy+}", () => {
    expect(found("/a/b/")).toEqual(["/a/b", null]);
    expect(match("/")).toBeUndefined();
    expect(match("")).toBeUndefined();
    expect(createRouter([{ path: "/" }])("/")?.route.path).toBe("/");
  });

  it("parameters stay percent-encoded, so that an encoded slash does not split a segment", () => {
    expect(found("/a/deepseek%2Fv3")).toEqual(["/a/{id}", { id: "deepseek%2Fv3" }]);
  });

  it("every row of the route table is found by its own path", () => {
    const matchTable = createRouter<(typeof routes)[number]>(routes);
    for (const route of routes) {
      const path = route.path.replace(/\{\w+\+\}/, "one/two").replaceAll(/\{\w+\}/g, "one");
      expect(matchTable(path)?.route.id).toBe(route.id);
    }
  });
});
