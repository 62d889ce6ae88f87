// The animations of a track of the sound, or of the whole mix: where each stands, and what steers it.

import { get, post } from "../api.js";
import { h, reconcile, set } from "../dom.js";
import { note } from "../log.js";
import { attempt } from "../toasts.js";
import { spaced } from "../words.js";
import { player } from "./player.js";

/** Those at a path, such as `/api/stream/audio`; `of` names whose they are. */
export function soundAnimations(path, of) {
  const list = h("ul", { class: "plain animations", "aria-label": `Animations of ${of}`, hidden: true });
  const made = new WeakMap();

  /** Takes over the animations as they are written. */
  function show(animations = []) {
    reconcile(
      list,
      animations.map((animation, index) => ({ animation, index })),
      ({ animation, index }) => `${index} ${animation.property}`,
      ({ animation, index }) => create(index, spaced(animation.property.replaceAll(".", " "))),
    );
    set(list, "hidden", animations.length === 0);
  }

  function create(index, name) {
    const steered = player(`${name} of ${of}`, async (verb, body) => {
      const answer = await attempt(() => post(`${path}/animations/${index}/${verb}`, body));
      if (!answer) return;
      note("edit", `Animation ${name} of ${of}: ${verb}`);
      if (answer.animation) steered.show(answer.animation);
    });
    const head = h("div", { class: "card-head" }, name, steered.pill, h("span", { class: "grow" }), steered.tools);
    const row = h("li", {}, head, steered.seek);
    made.set(row, steered);
    return row;
  }

  /** Asks where each stands. */
  async function ask() {
    if (list.hidden) return;
    try {
      const { animations } = await get(`${path}/animations`);
      for (const one of animations) made.get(list.children[one.index])?.show(one);
    } catch {
      // The track may be gone already, and the connection tells when the service is away.
    }
  }
  return { element: list, show, ask };
}
