import { connect } from "node:net";

const PATIENCE_MS = 5000;

/** One plain HTTP/1.0 request to a port of the loopback; answers the whole reply, throws when there is none. */
export function askPage(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error("no answer")));
    socket.on("connect", () => socket.write(`GET ${path} HTTP/1.0\r\nHost: localhost\r\n\r\n`));
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    socket.on("error", reject);
    socket.on("close", () =>
      /^HTTP\/1\.[01] 200 .*<h1>/s.test(text) ? resolve(text) : reject(new Error("no whole answer")),
    );
  });
}
