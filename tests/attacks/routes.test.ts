import { expect, it } from "vitest";
import { routes } from "#core/routes.ts";
import { sampledOperations } from "./support/samples.ts";

it("every operation of the route table has a good request that the attacks start from", () => {
  const wanted = routes.flatMap((route) => route.methods.map((method) => `${method} ${route.path}`));
  expect(sampledOperations.map(({ name }) => name)).toEqual(wanted);
});
