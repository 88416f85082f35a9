import { describe, expect, it } from "vitest";
import { minimaxCodes, minimaxFailure } from "#core/providers/media/minimax/errors.ts";

describe("MiniMax's table of errors", () => {
  const documented = [
    1000, 1001, 1002, 1004, 1008, 1024, 1026, 1027, 1033, 1039, 1041, 1042, 1043, 1044, 2013, 20132, 2037, 2038, 2039,
    2042, 2045, 2048, 2049, 2056, 1028, 1030, 2061,
  ];

  it("has every documented code", () => {
    expect(Object.keys(minimaxCodes).map(Number).sort()).toEqual(documented.sort());
  });

  it("takes 0 and no base_resp at all for success, and an unknown code for the provider's fault", () => {
    expect(minimaxFailure({ base_resp: { status_code: 0 } })).toBeUndefined();
    expect(minimaxFailure({ data: {} })).toBeUndefined();
    expect(minimaxFailure({ base_resp: { status_code: 4242, status_msg: "new" } })).toMatchObject({ kind: "server" });
  });

  it("shows no key that MiniMax quotes", () => {
    const failure = minimaxFailure({ base_resp: { status_code: 2049, status_msg: "bad key sk-abcdef123456" } });
    expect(failure?.providerMessage).not.toContain("sk-abcdef123456");
  });
});
