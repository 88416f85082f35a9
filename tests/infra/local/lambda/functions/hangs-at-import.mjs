// Never done with its start.
setInterval(() => {}, 60_000);
await new Promise(() => {});
