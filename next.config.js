/**
 * On every answer, those among them that the proxy never sees: nobody frames us, guesses types, learns where a reader
 * came from or shares our window. Not `no-referrer`: with it browsers send `Origin: null` with a form that no script
 * sends, and it would be turned away. The proxy puts a policy of its own in the place of this one.
 */
const HEADERS = Object.entries({
  ...require("./lib/auth/answer-headers.json"),
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}).map(([key, value]) => ({ key, value }));

/** @type {import("next").NextConfig} */
module.exports = {
  // A folder that runs without node_modules: what packaging/install puts on a host.
  output: "standalone",
  outputFileTracingRoot: __dirname,
  // No page has a picture to scale; without the scaler and its libraries the folder is half the size.
  // Asked for one all the same, Next would set up a cache for it on disk, where an installed server may not write.
  images: { unoptimized: true, maximumDiskCacheSize: 0 },
  outputFileTracingExcludes: { "*": ["node_modules/sharp/**", "node_modules/@img/**"] },
  turbopack: { root: __dirname },
  // Bundled, dbus-next fails the build (it asks for x11) and would exist twice, which breaks its Variant class.
  serverExternalPackages: ["dbus-next", "better-sqlite3"],
  // `npm run check` looks at the types of everything; the build need not do it again.
  typescript: { ignoreBuildErrors: true },
  poweredByHeader: false,
  // With a slash at its end an address is none of ours: Next would redirect it before the proxy is asked.
  skipTrailingSlashRedirect: true,
  headers: async () => [{ source: "/:path*", headers: HEADERS }],
  // A refresh that meets a server in the middle of a restart waits for it. Without this, Next leaves the page for the
  // browser's own error page, where nothing reconnects.
  experimental: { useOffline: true },
  // Keeps `next dev` from writing files of its own into the checkout.
  agentRules: false,
};
