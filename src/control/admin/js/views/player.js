// What steers something that plays, be it a timeline or a single animation: buttons, its rate and its position.

import { h, say, set } from "../dom.js";
import { icon, setIcon } from "../icons.js";
import { duration, short } from "../words.js";

const RATES = [0.25, 0.5, 1, 2, 4];
const WORDS = { idle: "Idle", playing: "Playing", paused: "Paused", finished: "Finished" };

/** Those of what is called `name`; `steer` is told what is asked, and with what. */
export function player(name, steer) {
  const button = (picture, label, verb) =>
    h(
      "button",
      {
        type: "button",
        class: "quiet bare",
        "aria-label": `${label} ${name}`,
        title: label,
        "data-verb": verb,
        onclick: (event) => steer(event.currentTarget.dataset.verb),
      },
      icon(picture),
    );
  const pill = h("span", { class: "pill" });
  const main = button("play", "Play", "play");
  const rate = h(
    "select",
    { "aria-label": `Rate of ${name}`, onchange: () => steer("rate", { rate: Number(rate.value) }) },
    RATES.map((value) => h("option", { value }, `${value} ×`)),
  );
  const seek = h("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": `Position of ${name}` });
  seek.addEventListener("change", () => steer("seek", { to: Number(seek.value) }));
  const output = h("output", { class: "slider-value" });

  /** Takes over where it stands. */
  function show({ state, position: at, length, rate: now }) {
    // Nobody knows how long one waits for another that stands still.
    const position = at ?? 0;
    pill.dataset.state = state;
    say(pill, WORDS[state] ?? state);
    const isPlaying = state === "playing";
    const label = isPlaying ? "Pause" : "Play";
    main.dataset.verb = isPlaying ? "pause" : "play";
    set(main, "title", label);
    set(main, "aria-label", `${label} ${name}`);
    setIcon(main, isPlaying ? "pause" : "play");
    const end = length ?? Math.max(60, position);
    set(seek, "max", end);
    if (document.activeElement !== seek || !seek.matches(":active")) {
      seek.value = position;
      seek.style.setProperty("--share", `${end > 0 ? (Math.max(0, position) / end) * 100 : 0}%`);
    }
    const whole = length === null || length === undefined ? "" : ` of ${duration(length)}`;
    say(output, `${short(Math.round(position * 10) / 10)} s${whole}`);
    if (document.activeElement !== rate) rate.value = Math.abs(now);
  }
  const tools = [button("reverse", "Play backwards", "reverse"), main, button("close", "Cancel", "cancel"), rate];
  return { pill, tools, seek: h("div", { class: "seek" }, seek, output), show };
}
