/**
 * Preloaded before aws-lambda-ric. Its native client needs a compiler at install; this stands in for it with plain
 * JavaScript. With AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1=true the runtime asks it only to post a buffered response
 * or an error: events, streams, context and handler loading stay AWS's own code.
 */
"use strict";
const http = require("node:http");
const Module = require("node:module");
const { workerData } = require("node:worker_threads");

/** How long after its start a worker writes down what it has compiled, ms: by then it has answered. */
const flushMs = 1_000;

if (workerData?.compileCache !== undefined) {
  Module.enableCompileCache(workerData.compileCache);
  // A worker is ended from outside, without a last moment of its own.
  setTimeout(Module.flushCompileCache, flushMs).unref();
}

const [hostname, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? "").split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

const post = (path, body, headers) => {
  const request = http.request(
    {
      hostname,
      port,
      path: `/2018-06-01/runtime/invocation/${path}`,
      method: "POST",
      agent,
      headers: { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body), ...headers },
    },
    (response) => response.resume(),
  );
  // A runtime that cannot answer is of no use: let the worker end, so that its caller is told.
  request.on("error", (error) => {
    throw error;
  });
  request.end(body);
};

const client = {
  next() {
    throw new Error("aws-lambda-ric no longer honours AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1");
  },
  done(requestId, body) {
    post(`${requestId}/response`, body, {});
  },
  error(requestId, body, xrayCause) {
    post(`${requestId}/error`, body, {
      "Lambda-Runtime-Function-Error-Type": JSON.parse(body).errorType ?? "Error",
      ...(xrayCause ? { "Lambda-Runtime-Function-XRay-Error-Cause": xrayCause } : {}),
    });
  },
};

const load = Module._load;
Module._load = function loadWithShim(request, ...rest) {
  return request.endsWith("rapid-client.node") ? client : load.call(this, request, ...rest);
};
