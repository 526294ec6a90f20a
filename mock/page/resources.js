// Instances with their states over time, snapshots, schedules: GET /_mock/overview.

// State: its sign, so that colour is not all that tells it.
const STATES = {
  Created: "○", Initializing: "◔", Running: "●", Paused: "‖",
  Shutdown: "◇", Stopped: "■", Standby: "◆", Unknown: "?",
};
const SEGMENTS_SHOWN = 8;
let snapshotNames = new Map(); // by id
fillOptions(byId("advance-until").elements.state, Object.keys(STATES));
byId("advance-until").elements.state.value = "Running";

// Events that lead to a state without a start. Others without one leave it as it is, or lead to a
// state that the history does not tell.
const LEADS_TO = { standby: "Standby", auto_standby: "Standby", stopped: "Stopped", exited: "Stopped" };
const LEADS_SOMEWHERE = ["created", "forked", "restored", "forced"];

// Not all times have a fraction, so they do not compare as texts.
const isAfter = (a, b) => Date.parse(a) > Date.parse(b);

// [{state, from}], oldest first; state null where the history does not say. The last is the present.
function segmentsOf({ instance, history: events }) {
  const segments = [];
  const add = (state, from) => {
    while (segments.length > 0 && !isAfter(from, segments.at(-1).from)) segments.pop();
    if (segments.at(-1)?.state !== state) segments.push({ state, from });
  };
  for (const event of events) {
    if (event.start === "cold") {
      add("Initializing", event.at);
      if (event.until) add("Running", event.until);
    } else if (event.start === "resumed") {
      add("Running", event.at);
    } else if (LEADS_TO[event.kind]) {
      add(LEADS_TO[event.kind], event.at);
    } else if (LEADS_SOMEWHERE.includes(event.kind)) {
      add(null, event.at);
    }
  }
  // What the server says of the present goes before what the history leads to expect.
  while (segments.length > 0 && isAfter(segments.at(-1).from, instance.current_phase_since)) segments.pop();
  if (segments.at(-1)?.state !== instance.state) add(instance.state, instance.current_phase_since);
  return segments;
}

const stateNode = (state) => element("span.state", {}, element("span.sign", { "aria-hidden": "true" }), element("span.word"));

function showState(node, state) {
  setAttribute(node, "data-state", state ?? "none");
  setText(node.querySelector(".sign"), state === null ? "…" : STATES[state] ?? "?");
  setText(node.querySelector(".word"), state ?? "not recorded");
}

function showTimeline(list, segments, now) {
  const shown = segments.slice(-SEGMENTS_SHOWN).map((segment, i, all) => ({
    ...segment,
    until: all[i + 1]?.from ?? now,
  }));
  const earlier = segments.length - shown.length;
  const items = earlier > 0 ? [{ from: "earlier", earlier }, ...shown] : shown;
  reconcile(list, items, (item) => item.from + item.state, (item) =>
    item.earlier ? element("li.earlier") : element("li", {}, stateNode(), element("span.figures.span")),
  (node, item) => {
    if (item.earlier) {
      setText(node, `${item.earlier} earlier`);
      return;
    }
    showState(node.querySelector(".state"), item.state);
    setText(node.querySelector(".span"), spanText(Math.max(0, Date.parse(item.until) - Date.parse(item.from))));
    setAttribute(node, "title", `${timeText(item.from)} to ${timeText(item.until)}`);
  });
}

function eventText(event) {
  const words = [event.kind.replace("_", "-")];
  if (event.other) words.push(snapshotNames.get(event.other) ?? event.other);
  if (event.start) words.push(event.start === "cold" ? "(a boot)" : "(resumed)");
  if (event.exit_code !== undefined) words.push(`with exit code ${event.exit_code}`);
  return words.join(" ");
}

function makeInstance({ instance }) {
  return element("li", {},
    element("div.head", {}, element("span.name"), stateNode(), element("span.about")),
    element("ol.timeline", { "aria-label": `States of ${instance.name} over time` }),
    element("p.asked", { hidden: "" }),
    element("details", {}, element("summary", {}, "History and details"), transitionForm(instance),
      element("ol.events"), element("pre", { tabindex: "0", "aria-label": `${instance.name} as JSON` })));
}

// --- transitions under a test's control ---

const TRANSITIONS = ["boot", "standby", "restore", "stop", "compression", "schedule"];
const VERBS = ["hold", "step", "release", "fail"];

function transitionForm(instance) {
  const select = element("select");
  fillOptions(select, TRANSITIONS);
  return element("div.row.transitions", { hidden: "" },
    element("label", {}, "Transition ", select),
    ...VERBS.map((verb) => button(verb, `${verb} it, of ${instance.name}`, () =>
      attempt("instances", async () => {
        const path = `/instances/${encodeURIComponent(instance.id)}/${verb}`;
        await ask("POST", inWorld(chosen, path), { transition: select.value });
        return `${instance.name}: ${verb} ${select.value}.`;
      }))));
}

// "boot is held, one waits"; of { boot: { held, waiting, passes, fails, delay } }
function askedText(transitions) {
  return Object.entries(transitions).flatMap(([name, asked]) => {
    const words = [];
    if (asked.held) words.push(asked.waiting ? "is held, one waits" : "is held");
    if (asked.fails !== "never") words.push(`fails ${asked.fails}`);
    if (asked.delay !== null) words.push(`takes ${asked.delay}`);
    return words.length > 0 ? [`${name} ${words.join(", ")}`] : [];
  }).join("; ");
}

// transitions  null: this server cannot hold any
function showInstance(row, item, now, transitions) {
  const { instance, history: events } = item;
  setText(row.querySelector(".name"), instance.name);
  showState(row.querySelector(".head .state"), instance.state);
  setText(row.querySelector(".about"), `${shortId(instance.id)} · ${instance.image} · ${instance.hypervisor}`);
  setAttribute(row.querySelector(".about"), "title", instance.id);
  showTimeline(row.querySelector(".timeline"), segmentsOf(item), now);
  const asked = transitions?.instances.find(({ id }) => id === instance.id);
  setText(row.querySelector(".asked"), asked ? askedText(asked.transitions) : "");
  row.querySelector(".asked").hidden = row.querySelector(".asked").textContent === "";
  row.querySelector(".transitions").hidden = transitions === null;
  reconcile(row.querySelector(".events"), events, (event) => String(event.number),
    () => element("li", {}, element("time.figures"), element("span")),
    (node, event) => {
      setText(node.firstChild, timeText(event.at));
      setText(node.lastChild, eventText(event));
    });
  setText(row.querySelector("pre"), JSON.stringify(instance, null, 2));
}

// --- tables ---

// A row whose cells know their column's title, for narrow windows.
function tableRow(table, cells) {
  const titles = [...byId(table).querySelectorAll("thead th")];
  return element("tr", { role: "row" }, ...cells.map((cell, i) => {
    const node = element("td", { role: "cell", "data-title": titles[i].textContent });
    if (titles[i].className) node.className = titles[i].className;
    if (cell) node.append(cell);
    return node;
  }));
}

function showNone(panel, isNone) {
  setText(byId(`${panel}-empty`), "None.");
  byId(`${panel}-empty`).hidden = !isNone;
}

function showRows(panel, items, keyOf, textsOf) {
  reconcile(byId(`${panel}-list`), items, keyOf, (item) => tableRow(`${panel}-table`, textsOf(item).map(() => "")),
    (row, item) => textsOf(item).forEach((text, i) => setText(row.children[i], text)));
  byId(`${panel}-table`).hidden = items.length === 0;
  showNone(`${panel}s`, items.length === 0);
  setText(byId(`${panel}-count`), String(items.length));
}

const snapshotTexts = (snapshot) => [
  snapshot.name || shortId(snapshot.id), snapshot.kind, snapshot.source_instance_name,
  snapshot.compression_state, bytesText(snapshot.size_bytes), timeText(snapshot.created_at),
];

function keptText({ max_count: count, max_age: age }) {
  return [count && countedText(count, "snapshot"), age && `for ${age}`].filter(Boolean).join(", ");
}

function showOverview(overview, transitions) {
  const names = new Map(overview.instances.map(({ instance }) => [instance.id, instance.name]));
  snapshotNames = new Map(overview.snapshots.map((snapshot) => [snapshot.id, snapshot.name || snapshot.id]));
  reconcile(byId("instance-list"), overview.instances, ({ instance }) => instance.id, makeInstance,
    (row, item) => showInstance(row, item, overview.now, transitions));
  showNone("instances", overview.instances.length === 0);
  fillSuggestions(byId("instance-names"), [...new Set(names.values())]);
  overview.snapshots.sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  showRows("snapshot", overview.snapshots, (snapshot) => snapshot.id, snapshotTexts);
  showRows("schedule", overview.schedules, (schedule) => schedule.instance_id, (schedule) => [
    names.get(schedule.instance_id) ?? schedule.instance_id, schedule.interval, keptText(schedule.retention),
    timeText(schedule.next_run_at), schedule.last_error ?? timeText(schedule.last_run_at),
  ]);
  setText(byId("instance-count"), countText(overview.instances.length, overview.instance_count));
  setText(byId("snapshot-count"), countText(overview.snapshots.length, overview.snapshot_count));
}

const countText = (shown, all) => (shown < all ? `first ${shown} of ${all}` : String(all));
