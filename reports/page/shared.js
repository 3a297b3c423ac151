"use strict";
// What all pages use. They speak without it: this adds the theme, and copying.

const byId = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// What the address points at, after its #.
const fragment = () => {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
};

const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

// Three digits; an exponent where the number would be long.
function shown(value) {
  if (typeof value !== "number") return value ?? "";
  const size = Math.abs(value);
  const long = size >= 1e5 || (size > 0 && size < 1e-3);
  return long ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

const counted = (n, one, many = `${one}s`) => `${n.toLocaleString("en").replaceAll(",", "\u202f")} ${n === 1 ? one : many}`;

// Theme: the system's, unless the reader chooses; remembered where the browser allows it.
function setUpTheme() {
  const root = document.documentElement;
  const button = byId("theme");
  const stored = (value) => {
    try {
      if (value) localStorage.setItem("theme", value);
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const show = (theme) => {
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `${button.textContent} colours`);
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const now = () => stored() ?? (system.matches ? "dark" : "light");
  system.addEventListener("change", () => show(now()));
  button.addEventListener("click", () => {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    stored(next);
    show(next);
  });
  button.hidden = false;
  show(now());
}

function setUpCopying() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const program = button.nextElementSibling;
      try {
        await navigator.clipboard.writeText(program.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(program); // the browser refused: one key is left to the reader
        button.textContent = "Selected: copy it by keyboard";
      }
    });
  }
}

// JSON that was gzipped, in base64, and the bytes that follow it: [length of the JSON (4 bytes), JSON, bytes].
async function unpacked(id) {
  const text = atob(byId(id).textContent);
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  return [JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))), buffer.slice(4 + length)];
}

setUpTheme();
setUpCopying();
