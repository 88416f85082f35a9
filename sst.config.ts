/// <reference path="./.sst/platform/config.d.ts" />

/** SST v4. Everything deployed is in infra/, made from the tables in core/. */
export default $config({
  app: async ({ stage }) => {
    const { appOf } = await import("./infra/stage.ts");
    return appOf(stage);
  },
  run: async () => {
    const { deploy } = await import("./infra/deploy.ts");
    return deploy();
  },
});
