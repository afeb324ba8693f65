// Starts Next's standalone server on the loopback addresses only: beside this file once installed, in .next when built.
import { existsSync } from "node:fs";
import http from "node:http";
import { connect, createServer } from "node:net";

process.env.NODE_ENV = "production";
process.env.HOSTNAME = "127.0.0.1";
process.env.PORT = process.env.ATTACHE_PORT || "8790";

/** For answers that the proxy never sees; its own take their place. */
const HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
};
const PLAIN = { "content-type": "text/plain; charset=utf-8" };
const PLAIN_PATH = /^\/(?![/\\])(?:(?!\/\/)[^\\?])*(\?|$)/;

const installed = new URL("server.js", import.meta.url);
const built = new URL("../.next/standalone/server.js", import.meta.url);
const server = [installed, built].find((file) => existsSync(file));
if (!server) giveUp("Nothing is built yet: npm run build");
guardNext();
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

/**
 * What Next would answer without asking the proxy: for TRACE a bare 500, since its `Request` throws; for a doubled or
 * turned slash a redirect, whatever the name it was asked by. And an upgrade, which nothing here speaks, it would turn
 * away without ever closing the socket: nobody listens for one, so that Node takes it for the request that it is.
 */
function guardNext() {
  const { createServer } = http;
  http.createServer = (listener) => {
    const server = createServer((request, response) => {
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      if (request.method === "TRACE") return response.writeHead(405, { allow: "GET, HEAD, POST" }).end();
      if (!PLAIN_PATH.test(request.url)) return response.writeHead(404, PLAIN).end("Not here.\n");
      return listener(request, response);
    });
    const on = server.on.bind(server);
    server.on = (event, handle) => (event === "upgrade" ? server : on(event, handle));
    return server;
  };
}

function giveUp(words) {
  console.error(words);
  process.exit(1);
}
