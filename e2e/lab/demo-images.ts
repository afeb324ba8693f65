import { readdirSync } from "node:fs";
import { buildImage, buildNoise, type ImageSpec } from "./image";

/** Where the services of the demo listen, on the guest's loopback. */
export const DEMO_PORTS = { startpage: 8081, guestbook: 8082, clock: 8083 } as const;

/** An image file and the place in the guest where it belongs. */
export interface Placed {
  readonly image: string;
  readonly at: string;
}

/** Builds every image of the demo (about a second the first time). */
export async function buildDemoImages(): Promise<Placed[]> {
  const specs: [string, ImageSpec][] = [
    ...["1.1.0", "1.2.0", "1.3.0"].map((version): [string, ImageSpec] => [
      "/srv/startpage",
      startpage(version),
    ]),
    ...["1.0.0", "1.1.0", "1.2.0", "1.4.0"].map((version): [string, ImageSpec] => [
      "/srv/fragile",
      fragile(version),
    ]),
    ...["2.0.0", "2.1.0"].map((version): [string, ImageSpec] => ["/srv/guestbook", guestbook(version)]),
    ...["1.0.0", "1.1.0"].map((version): [string, ImageSpec] => ["/srv/clock", clock(version)]),
    ...["0.8.0", "0.9.0"].map((version): [string, ImageSpec] => ["/srv/backup", backup(version)]),
    ...["2025.10", "2026.1-rc.1", "2026.1"].map((version): [string, ImageSpec] => [
      "/srv/wiki",
      idle("wiki", version, "Wiki"),
    ]),
    ...["3.2.0", "3.3.0"].map((version): [string, ImageSpec] => [
      "/var/lib/portables",
      idle("weather", version, "Weather station"),
    ]),
    ...["0.9.0", "0.10.0"].map((version): [string, ImageSpec] => [
      "/srv/metrics",
      idle("metrics", version, "Metrics of the host"),
    ]),
    ...["4.0.0", "4.1.0"].map((version): [string, ImageSpec] => ["/srv/gallery", gallery(version)]),
    // Beside the image roots: in one of them it would be listed as a service of its own.
    ...["1", "2"].map((version): [string, ImageSpec] => ["/opt/gallery", themes(version)]),
  ];
  const placed: Placed[] = [{ image: buildNoise("fragile", "1.3.0"), at: "/srv/fragile" }];
  for (const [at, spec] of specs) placed.push({ image: await buildImage(spec), at });
  return placed;
}

/** A web page that states its version. */
export function startpage(version: string): ImageSpec {
  return {
    service: "startpage",
    version,
    units: {
      "startpage.service": service(
        "Start page",
        `ExecStart=/usr/bin/busybox httpd -f -p 127.0.0.1:${DEMO_PORTS.startpage} -h /usr/share/startpage`,
      ),
    },
    // A program, not a file: files of all versions have one size and one time, and a browser would take one for the other.
    programs: {
      "/usr/share/startpage/cgi-bin/index.cgi": `#!/bin/sh\nprintf 'Content-Type: text/html\\r\\nCache-Control: no-store\\r\\n\\r\\n'\necho '<!doctype html><title>Start page</title><h1>Start page ${version}</h1>'\n`,
    },
  };
}

const FRAGILE: Record<string, string> = {
  "1.0.0": "ExecStart=/usr/bin/busybox tail -f /dev/null",
  // Starts, and is gone a second later: a job that is "done" proves nothing.
  "1.1.0":
    "ExecStart=/usr/bin/busybox sh -c 'sleep 1; echo \"fragile: cannot read its settings\" >&2; exit 1'",
  // Keeps data now, but the image has no directory to mount it on: 226/NAMESPACE.
  "1.2.0": "StateDirectory=fragile\nExecStart=/usr/bin/busybox tail -f /dev/null",
  // Runs, and does not listen when it is told to stop.
  "1.4.0": "TimeoutStopSec=75\nExecStart=/usr/bin/busybox sh -c 'trap \"\" TERM; while :; do sleep 1; done'",
};

/** One good version and several that are bad, each in its own way. 1.3.0 is noise, see `buildNoise`. */
export function fragile(version: string): ImageSpec {
  return {
    service: "fragile",
    version,
    units: { "fragile.service": service("Fragile", FRAGILE[version] ?? FRAGILE["1.0.0"] ?? "") },
  };
}

/** Keeps what visitors write: entries in a directory of the host, the number of visits in its own state directory. */
export function guestbook(version: string): ImageSpec {
  const settings = [
    // A user of the host: it owns the entries, whatever becomes of the service.
    "User=guestbook",
    "StateDirectory=guestbook",
    "BindPaths=/data/guestbook:/data",
    `ExecStart=/usr/bin/busybox httpd -f -p 127.0.0.1:${DEMO_PORTS.guestbook} -h /usr/share/guestbook`,
  ];
  return {
    service: "guestbook",
    version,
    units: { "guestbook.service": service("Guest book", settings.join("\n")) },
    programs: { "/usr/share/guestbook/cgi-bin/index.cgi": bookScript(version) },
    directories: ["/data", "/var/lib/guestbook", "/var/lib/private/guestbook"],
  };
}

function bookScript(version: string): string {
  return `#!/bin/sh
# GET shows the entries; POST (text=...) adds one first. Anything else a form sends stays out.
if [ "$REQUEST_METHOD" = POST ]; then
  form=$(head -c "\${CONTENT_LENGTH:-0}" | tr '+' ' ')
  case $form in text=*) busybox httpd -e "$(busybox httpd -d "\${form#text=}")" | tr -d '\\n' >> /data/entries; echo >> /data/entries ;; esac
fi
state=/var/lib/guestbook/visits
visits=$(($(cat $state 2>/dev/null || echo 0) + 1))
echo $visits > $state
printf 'Content-Type: text/html; charset=utf-8\\r\\n\\r\\n'
echo '<!doctype html><title>Guest book</title><h1>Guest book ${version}</h1>'
echo "<p>Visits: $visits</p><ul>"
while read -r entry; do echo "<li>$entry</li>"; done < /data/entries 2>/dev/null
echo '</ul><form method=post><input name=text><button>Write</button></form>'
`;
}

/**
 * Socket-activated with `Accept=no`: while the service is replaced, visitors
 * wait in the socket's queue and nobody is turned away. (With `Accept=yes` PID 1
 * would have to load a new instance in the moment the unit files are gone.)
 */
export function clock(version: string): ImageSpec {
  return {
    service: "clock",
    version,
    units: {
      "clock.socket": `[Unit]\nDescription=Clock\n[Socket]\nListenStream=127.0.0.1:${DEMO_PORTS.clock}\nBacklog=1024\n[Install]\nWantedBy=sockets.target\n`,
      "clock.service": `[Unit]\nDescription=Clock\nRequires=clock.socket\nAfter=clock.socket\n[Service]\nEnvironment=LC_ALL=C\nExecStart=/usr/bin/perl /usr/share/clock/serve.pl\n`,
    },
    files: { "/usr/share/clock/serve.pl": clockScript(version) },
    copies: { "/usr/bin/perl": "/usr/bin/perl", ...librariesOfPerl() },
  };
}

/** Perl, because busybox has no program that accepts on a socket it was given, and every Debian has perl. */
function clockScript(version: string): string {
  return `my $stop = 0;
$SIG{TERM} = sub { $stop = 1 };
$SIG{PIPE} = 'IGNORE';
open(my $door, '+<&=', 3) or die "no socket was passed\\n";
until ($stop) {
  my $ready = '';
  vec($ready, 3, 1) = 1;
  next unless select($ready, undef, undef, 0.5) > 0; # comes back to look whether it shall stop
  accept(my $visitor, $door) or next;
  my $request = '';
  while ($request !~ /\\r\\n\\r\\n/) { sysread($visitor, $request, 4096, length $request) or last }
  my $page = "<!doctype html><title>Clock</title><h1>Clock ${version}</h1><p>" . gmtime() . " UTC</p>\\n";
  syswrite($visitor, "HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\nContent-Length: " . length($page) . "\\r\\nConnection: close\\r\\n\\r\\n$page");
  close($visitor);
}
`;
}

/** The loader and the few libraries of perl, at the places where the loader looks for them. */
function librariesOfPerl(): Record<string, string> {
  const directories = [
    "/lib64",
    "/lib",
    ...readdirSync("/usr/lib")
      .filter((name) => name.endsWith("-linux-gnu"))
      .map((name) => `/usr/lib/${name}`),
  ];
  const wanted = /^(ld-linux.*\.so\.\d|lib(c|m|crypt|dl|pthread)\.so\.\d)$/;
  const found: Record<string, string> = {};
  for (const directory of directories) {
    for (const name of readdirSync(directory)) {
      if (wanted.test(name))
        found[
          name.startsWith("ld-") && directory.startsWith("/usr") ? `/lib/${name}` : `${directory}/${name}`
        ] = `${directory}/${name}`;
    }
  }
  return found;
}

/** A timer; the work itself takes no time and leaves a line in its state directory. */
export function backup(version: string): ImageSpec {
  return {
    service: "backup",
    version,
    units: {
      "backup.timer":
        "[Unit]\nDescription=Backup, every quarter of an hour\n[Timer]\nOnCalendar=*:0/15\n[Install]\nWantedBy=timers.target\n",
      "backup.service": `[Unit]\nDescription=Backup\n[Service]\nType=oneshot\nStateDirectory=backup\nExecStart=/usr/bin/busybox sh -c 'date -u >> /var/lib/backup/runs; echo "backup ${version}: nothing to do"'\n`,
    },
    directories: ["/var/lib/backup", "/var/lib/private/backup"],
  };
}

/** A service that does nothing but run. */
export function idle(name: string, version: string, description: string): ImageSpec {
  return {
    service: name,
    version,
    units: { [`${name}.service`]: service(description, "ExecStart=/usr/bin/busybox tail -f /dev/null") },
  };
}

/** A base that runs, to be attached together with its extension. */
export function gallery(version: string): ImageSpec {
  return idle("gallery", version, "Picture gallery");
}

/** The extension brings a unit of its own: up to systemd 254 only such units see the extension's files. */
export function themes(version: string): ImageSpec {
  return {
    service: "gallery",
    version,
    extension: "themes",
    units: {
      "gallery-themes.service": service(
        "Themes of the picture gallery",
        "ExecStart=/usr/bin/busybox tail -f /usr/share/gallery/themes",
      ),
    },
    files: { "/usr/share/gallery/themes": version === "1" ? "light\ndark\n" : "light\ndark\nsepia\n" },
  };
}

function service(description: string, settings: string): string {
  return `[Unit]\nDescription=${description}\n[Service]\n${settings}\n[Install]\nWantedBy=multi-user.target\n`;
}
