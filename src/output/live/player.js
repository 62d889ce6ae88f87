// Plays index.m3u8 near its live edge. Browsers without native HLS get the segments through Media Source Extensions.
'use strict';

const PLAYLIST = 'index.m3u8';
const POLL_MS = 1000;
const BEHIND_SECONDS = 3; // where playing begins, before the end of what was loaded
const TOO_FAR_SECONDS = 12; // further behind than this, it jumps forward
const KEEP_SECONDS = 30;

const video = document.getElementById('video');
const message = document.getElementById('message');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (text) => { if (message.textContent !== text) message.textContent = text; };

async function load(name) {
  const answer = await fetch(name, { cache: name === PLAYLIST ? 'no-store' : 'default' });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer;
}

// [{ number, name, init }] in order.
function parsePlaylist(text) {
  const segments = [];
  let number = 0;
  let init = null;
  for (const line of text.split('\n')) {
    if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) number = Number(line.split(':')[1]);
    else if (line.startsWith('#EXT-X-MAP:')) init = /URI="([^"]+)"/.exec(line)[1];
    else if (line && !line.startsWith('#')) segments.push({ number: number++, name: line, init });
  }
  return segments;
}

// The media type, with the profile as the decoder configuration in `bytes` gives it.
function mediaType(bytes) {
  const find = (name) => {
    const code = [...name].map((letter) => letter.charCodeAt(0));
    return bytes.findIndex((_, at) => code.every((byte, i) => bytes[at + i] === byte));
  };
  const avcc = find('avcC') + 4;
  const profile = [1, 2, 3].map((i) => bytes[avcc + i].toString(16).padStart(2, '0')).join('');
  return `video/mp4; codecs="avc1.${profile}${find('mp4a') < 0 ? '' : ', mp4a.40.2'}"`;
}

function settled(buffer) {
  if (!buffer.updating) return Promise.resolve();
  return new Promise((done, failed) => {
    buffer.addEventListener('updateend', done, { once: true });
    buffer.addEventListener('error', () => failed(new Error('the browser refused a segment')), { once: true });
  });
}

async function append(buffer, bytes) {
  buffer.appendBuffer(bytes);
  await settled(buffer);
}

// Keeps playback inside what is loaded and close to its end.
function steer() {
  const { buffered } = video;
  if (!buffered.length) return;
  const last = buffered.length - 1;
  const edge = buffered.end(last);
  const target = Math.max(buffered.start(last), edge - BEHIND_SECONDS);
  let inside = false;
  for (let i = 0; i <= last; i++) inside ||= video.currentTime >= buffered.start(i) && video.currentTime <= buffered.end(i);
  const tooFar = edge - video.currentTime > TOO_FAR_SECONDS && !video.paused;
  const atGap = inside && last > 0 && video.currentTime < buffered.start(last) && video.readyState < 3;
  if (!inside || tooFar || atGap) video.currentTime = target;
}

// Plays until something goes wrong.
async function play(MediaSourceType) {
  const source = new MediaSourceType();
  video.disableRemotePlayback = MediaSourceType !== window.MediaSource;
  video.src = URL.createObjectURL(source);
  try {
    await new Promise((done) => source.addEventListener('sourceopen', done, { once: true }));
    let buffer = null;
    let init = null;
    let next = -1;
    for (;;) {
      const segments = parsePlaylist(await (await load(PLAYLIST)).text());
      const newest = segments.length - 1;
      // A server that started anew counts from the beginning again.
      if (segments[newest].number + 1 < next) throw new Error('the stream began anew');
      if (next < segments[0].number) next = segments[Math.max(0, newest - 1)].number;
      for (const segment of segments.filter(({ number }) => number >= next)) {
        if (segment.init !== init) {
          const bytes = new Uint8Array(await (await load(segment.init)).arrayBuffer());
          const type = mediaType(bytes);
          if (buffer) buffer.changeType(type);
          else buffer = source.addSourceBuffer(type);
          await append(buffer, bytes);
          init = segment.init;
        }
        await append(buffer, await (await load(segment.name)).arrayBuffer());
        next = segment.number + 1;
        steer();
        if (video.paused && video.autoplay) video.play().then(() => { video.autoplay = false; }, () => {});
        say('');
      }
      const old = video.currentTime - KEEP_SECONDS;
      if (old > 0 && video.buffered.length && video.buffered.start(0) < old) {
        buffer.remove(0, old);
        await settled(buffer);
      }
      steer();
      if (video.error) throw video.error;
      if (!video.paused && video.readyState < 3) say('Waiting for the stream …');
      await sleep(POLL_MS);
    }
  } finally {
    URL.revokeObjectURL(video.src);
  }
}

async function main() {
  const MediaSourceType = window.ManagedMediaSource || window.MediaSource;
  for (;;) {
    try {
      await load(PLAYLIST); // there is none until the first segment is whole
      if (MediaSourceType) {
        await play(MediaSourceType);
      } else {
        video.src = PLAYLIST;
        await video.play();
        say('');
        await new Promise((_, failed) => video.addEventListener('error', () => failed(video.error), { once: true }));
      }
    } catch (error) {
      console.warn(error);
      say('Waiting for the stream …');
      await sleep(POLL_MS);
    }
  }
}

main();
