export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** Read by the server before anything is drawn, so nothing flashes; written by the browser. */
export const THEME_COOKIE = "attache-theme";

export function readTheme(text: string | undefined): Theme {
  return THEMES.find((theme) => theme === text) ?? "system";
}
