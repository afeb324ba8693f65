import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A message bus of its own for a test, with the limits of a system bus. It keeps its address over restarts. */
export interface PrivateBus {
  readonly address: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

export async function createPrivateBus(): Promise<PrivateBus> {
  const directory = await mkdtemp(join(tmpdir(), "attache-bus-"));
  const address = `unix:path=${join(directory, "socket")}`;
  const config = join(directory, "bus.conf");
  await writeFile(config, configuration(address));
  let daemon: ChildProcess | null = null;

  return { address, start, stop, remove };

  async function start(): Promise<void> {
    const child = spawn("dbus-daemon", [`--config-file=${config}`, "--nofork", "--print-address=1"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    daemon = child;
    await once(child.stdout, "data");
  }

  async function stop(): Promise<void> {
    const child = daemon;
    daemon = null;
    if (!child) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    // What a killed daemon leaves behind; the next one refuses to listen on it.
    await rm(join(directory, "socket"), { force: true });
  }

  async function remove(): Promise<void> {
    await stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function configuration(address: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow send_type="signal"/>
    <allow receive_sender="*"/>
    <allow receive_type="method_call"/>
    <allow receive_type="signal"/>
    <deny send_interface="org.attache.Test" send_member="Forbidden"/>
  </policy>
  <limit name="max_replies_per_connection">128</limit>
  <limit name="max_match_rules_per_connection">512</limit>
</busconfig>
`;
}
