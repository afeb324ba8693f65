// Starts Next's standalone server on the loopback addresses only: beside this file once installed, in .next when built.
import { existsSync } from "node:fs";
import http from "node:http";
import { connect, createServer } from "node:net";

process.env.NODE_ENV = "production";
process.env.HOSTNAME = "127.0.0.1";
process.env.PORT = process.env.ATTACHE_PORT || "8790";

const installed = new URL("server.js", import.meta.url);
const built = new URL("../.next/standalone/server.js", import.meta.url);
const server = [installed, built].find((file) => existsSync(file));
if (!server) giveUp("Nothing is built yet: npm run build");
refuseTrace();
await holdIpv6(Number(process.env.PORT));
await import(server.href);

/**
 * Next listens on one address, but browsers take `localhost` for [::1] first: whoever else held that would be handed
 * the one-time link. So it is held here and leads to the other, and where it is taken already nothing starts.
 */
async function holdIpv6(port) {
  const door = createServer({ allowHalfOpen: true }, (outer) => {
    const inner = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    for (const [from, to] of [
      [outer, inner],
      [inner, outer],
    ]) {
      from.setNoDelay(true);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => from.errored && to.destroy());
    }
  });
  const problem = await new Promise((resolve) => {
    door.once("error", resolve).listen(port, "::1", () => resolve(null));
  });
  door.unref();
  // A host without IPv6 has no [::1] that anybody could hold.
  if (problem && !["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(problem.code))
    giveUp(
      `[::1]:${port} cannot be listened on (${problem.code}). If another program has it, browsers would send it the link that opens this server: choose another ATTACHE_PORT or end that program.`,
    );
}

/** Next makes a `Request` of each, whose class throws for this method: that would be a bare 500. */
function refuseTrace() {
  const { createServer } = http;
  http.createServer = (listener) =>
    createServer((request, response) => {
      if (request.method !== "TRACE") return listener(request, response);
      response.writeHead(405, { allow: "GET, HEAD, POST" }).end();
    });
}

function giveUp(words) {
  console.error(words);
  process.exit(1);
}
