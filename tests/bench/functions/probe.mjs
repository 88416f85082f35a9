import { BroadcastChannel, threadId } from "node:worker_threads";

/** Put beside a function's bundle in place of its entry: the same handler, and a way to ask its thread what it used. */
export { handler } from "./bundle.mjs";

const channel = new BroadcastChannel(process.env.AWS_LAMBDA_FUNCTION_NAME);
let session;

const post = (method, params) =>
  new Promise((resolve, reject) =>
    session.post(method, params, (error, result) => (error === null ? resolve(result) : reject(error))),
  );

const answers = {
  cpu: () => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  },
  startProfile: async () => {
    const { Session } = process.getBuiltinModule("node:inspector");
    session = new Session();
    session.connect();
    await post("Profiler.enable");
    await post("Profiler.setSamplingInterval", { interval: 200 });
    await post("Profiler.start");
  },
  stopProfile: async () => {
    if (session === undefined) return null;
    const { profile } = await post("Profiler.stop");
    session.disconnect();
    return profile;
  },
};

/** A question is repeated until every worker has answered. */
let lastId = 0;

channel.unref();
channel.onmessage = async ({ data: { id, name } }) => {
  const answer = answers[name];
  if (answer === undefined || id <= lastId) return;
  lastId = id;
  channel.postMessage({ id, from: threadId, value: await answer() });
};
