// Elements and texts. What the server says is always text: nothing here reads HTML.

const byId = (id) => document.getElementById(id);

// element("li.fault", {title: "x"}, "text", child): a tag with classes, attributes, children.
function element(form, attributes = {}, ...children) {
  const [tag, ...classes] = form.split(".");
  const node = document.createElement(tag);
  if (classes.length > 0) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function button(text, label, onClick) {
  const node = element("button", { type: "button" }, text);
  if (label) node.setAttribute("aria-label", label);
  node.addEventListener("click", onClick);
  return node;
}

// Touches the document only where something has changed, so that selections stay.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

// Makes the children of a parent those of the items, in their order. An item that was there keeps its
// element, and with it focus, selection and what is open.
//   keyOf(item)         a text that is unique among them
//   make(item)          its element
//   update(node, item)  brings the element up to date; may be left out
function reconcile(parent, items, keyOf, make, update = () => {}) {
  const before = parent.madeFor ?? new Map();
  const after = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    const node = before.get(key) ?? make(item);
    update(node, item);
    after.set(key, node);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
  for (const [key, node] of before) if (!after.has(key)) node.remove();
  parent.madeFor = after;
}

function fillOptions(select, values) {
  select.replaceChildren(...values.map((value) => element("option", { value }, value)));
}

function fillSuggestions(list, values) {
  reconcile(list, values, (value) => value, (value) => element("option", { value }));
}

// --- what is shown ---

// "2026-01-01T00:00:00.25Z" as "2026-01-01 00:00:00.250"; "-" for null.
function timeText(time) {
  const parts = /^(.+)T(\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(time ?? "");
  if (!parts) return time ?? "-";
  const fraction = parts[3] ? "." + parts[3].padEnd(3, "0").slice(0, 3) : "";
  return `${parts[1]} ${parts[2]}${fraction}`;
}

// Its part without the date.
const hourText = (time) => timeText(time).replace(/^\S+ /, "");

// Of milliseconds: the two largest units.
function spanText(ms) {
  const units = [["d", 86400000], ["h", 3600000], ["min", 60000], ["s", 1000]];
  const first = units.findIndex(([, size]) => ms >= size);
  if (first < 0) return `${Math.round(ms)} ms`;
  const [unit, size] = units[first];
  if (unit === "s") return `${Math.round(ms / 100) / 10} s`;
  const [smaller, part] = units[first + 1];
  const rest = Math.floor((ms % size) / part);
  return `${Math.floor(ms / size)} ${unit}` + (rest > 0 ? ` ${rest} ${smaller}` : "");
}

function bytesText(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${units[unit]}`;
}

const countedText = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

const shortId = (id) => (id.length > 12 ? id.slice(0, 8) + "…" : id);

// --- dialogs ---

// Whether it was confirmed; Escape is no.
function confirmed(title, text, action) {
  const dialog = byId("confirm");
  setText(byId("confirm-title"), title);
  setText(byId("confirm-text"), text);
  setText(byId("confirm-yes"), action);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

// One line below a panel's forms, whose height is always there.
function note(panel, text, isBad = false) {
  const line = byId(`${panel}-note`);
  setText(line, text);
  line.classList.toggle("bad", isBad);
}
