// Dialogs: they take the focus, and give it back.

import { h } from "../dom.js";
import { icon } from "../icons.js";

/** Opens a dialog with a title; gives it. It is gone from the page when it is closed. */
export function openDialog(title, content, { onsubmit, closable = true } = {}) {
  const close = () => dialog.close();
  const head = h(
    "header",
    {},
    h("h2", { id: "dialog-title" }, title),
    closable &&
      h("button", { type: "button", class: "quiet bare", "aria-label": "Close", onclick: close }, icon("close")),
  );
  const body = h(onsubmit ? "form" : "div", { class: "dialog-body", novalidate: Boolean(onsubmit) }, content);
  if (onsubmit) {
    body.addEventListener("submit", (event) => {
      event.preventDefault();
      onsubmit(dialog);
    });
  }
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, head, body);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("cancel", (event) => closable || event.preventDefault());
  // A press beside it closes it.
  dialog.addEventListener("pointerdown", (event) => closable && event.target === dialog && close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
