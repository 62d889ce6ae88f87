// How things are called on the page.

/** `dropShadow` becomes `Drop shadow`. */
export function spaced(name) {
  const text = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/_/g, " ")
    .toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What a layer shows, by the type of its content. */
export const CONTENT = {
  text: "Text",
  image: "Picture",
  animatedImage: "Moving picture",
  svg: "Vector picture",
  shape: "Shape",
  color: "Colour",
  gradient: "Gradient",
  group: "Group",
};

export const TRANSPORT = { live: "On air", paused: "Paused", stopped: "Off air" };

/** `3:07`, `1:02:33`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `1.5 Mbit/s`. */
export function bitrate(bitsPerSecond) {
  if (bitsPerSecond >= 1e6) return `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bitsPerSecond / 1e3)} kbit/s`;
}

/** `3.4 MB`. */
export function bytes(count) {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} GB`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} MB` : `${Math.round(count / 1e3)} kB`;
}

/** A fault with its long lists of names cut short: `a`, `b`, `c` … (28 in all). */
export const brief = (text) =>
  text.replace(/`[^`]*`(?:(?:, | or )`[^`]*`){7,}/g, (list) => {
    const names = list.match(/`[^`]*`/g);
    return `${names.slice(0, 3).join(", ")} … (${names.length} in all)`;
  });

/** `3 layers`, `1 layer`. */
export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** At most three digits after the point, none that say nothing. */
export const short = (number) => String(Math.round(number * 1000) / 1000);
