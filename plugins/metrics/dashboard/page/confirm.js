/** Asking before something is done that others feel. */

import { el } from "./dom.js";

/** Ask; the promise is true if it shall be done. Escape and the button named first mean no. */
export function confirmed({ title, text, yes }) {
  return new Promise((resolve) => {
    const no = el("button", { type: "button", class: "quiet", autofocus: true }, "Leave it on");
    const go = el("button", { type: "button", class: "danger" }, yes);
    const dialog = el(
      "dialog",
      { "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
      el("h2", { id: "confirm-title" }, title),
      el("p", { id: "confirm-text" }, text),
      el("div", { class: "buttons" }, no, go),
    );
    no.addEventListener("click", () => dialog.close());
    go.addEventListener("click", () => dialog.close("yes"));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
