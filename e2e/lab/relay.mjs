// Runs in a box's network namespace and outside its file system: each unix socket `<port>` in the
// given directory leads to that port of the guest's loopback. The keeper holds the other end.
import { connect, createServer } from "node:net";
import { join } from "node:path";

const [directory, ...ports] = process.argv.slice(2);

for (const port of ports) {
  createServer({ allowHalfOpen: true }, (outer) => {
    const inner = connect({ host: "127.0.0.1", port: Number(port), allowHalfOpen: true });
    for (const [from, to] of [
      [outer, inner],
      [inner, outer],
    ]) {
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => from.errored && to.destroy());
    }
  }).listen(join(directory, port));
}
