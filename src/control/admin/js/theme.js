// Light or dark: as the system has it, unless it was chosen here.

const KEY = "stream-manager.theme";
const CHOICES = ["auto", "light", "dark"];

/** The present choice: `auto`, `light` or `dark`. */
export const theme = () => (CHOICES.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "auto");

/** Brings the kept choice onto the page. */
export function startTheme() {
  const choice = theme();
  if (choice === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

/** Goes on to the next choice and gives it. */
export function nextTheme() {
  const next = CHOICES[(CHOICES.indexOf(theme()) + 1) % CHOICES.length];
  localStorage.setItem(KEY, next);
  startTheme();
  return next;
}
