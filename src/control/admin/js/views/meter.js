// A level meter: for left and right a bar that tells how loud it is, and a line at the peak.

import { h, say, set } from "../dom.js";

/** Where the scale begins, in dBFS. Below it hardly anything is heard. */
const BOTTOM = -60;
const SILENCE = { peak: [BOTTOM, BOTTOM], rms: [BOTTOM, BOTTOM] };

const share = (decibels) => `${Math.min(Math.max(1 - decibels / BOTTOM, 0), 1) * 100}%`;

/** Makes a meter. `show` takes a level of the API, or nothing for silence. */
export function meter(label) {
  const bars = [0, 1].map(() => h("div", { class: "level-bar" }));
  const scale = h(
    "div",
    { class: "level", role: "meter", "aria-label": label, "aria-valuemin": BOTTOM, "aria-valuemax": 0 },
    bars,
  );
  const value = h("span", { class: "slider-value", "aria-hidden": "true" });
  const show = (level) => {
    const { peak, rms } = level ?? SILENCE;
    for (const [channel, bar] of bars.entries()) {
      bar.style.setProperty("--rms", share(rms[channel]));
      bar.style.setProperty("--peak", share(peak[channel]));
    }
    const loudest = Math.max(...peak);
    const words = loudest <= BOTTOM ? "silent" : `${loudest.toFixed(1)} dB`;
    set(scale, "aria-valuenow", Math.min(Math.max(Math.max(...rms), BOTTOM), 0).toFixed(1));
    set(scale, "aria-valuetext", words);
    say(value, words);
  };
  show(null);
  return { element: h("div", { class: "level-line" }, scale, value), show };
}
