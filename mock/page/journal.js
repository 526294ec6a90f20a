// The requests of the chosen world as they come and end, and why they were answered so.

const REQUESTS_KEPT = 500;
let requests = new Map(); // by id, oldest first
let journalPaused = false;
let following = false;

// Without the page's own stream, which waits for news.
const waitingOthers = (waiting) => Math.max(0, waiting - (following ? 1 : 0));

const isFailure = (request) => request.status >= 400 || request.fault !== undefined || request.outcome === "lost";

function whatText(request) {
  return `${request.method} ${request.path}${request.query ? `?${request.query}` : ""}`;
}

function answerText(request) {
  const words = [request.status ?? ""];
  if (request.code) words.push(request.code);
  if (request.outcome !== "answered") words.push(request.outcome);
  if (request.fault) words.push(request.fault + (request.applied ? "" : ", not applied"));
  return words.join(" ").trim();
}

function tookText({ took_us: us }) {
  if (us === undefined) return "";
  return us < 1000 ? `${us} µs` : `${(us / 1000).toFixed(1)} ms`;
}

function fitsFilter(request, words) {
  const text = `${request.id} ${whatText(request)} ${request.operation ?? ""} ${answerText(request)}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function makeRequest(request) {
  const choose = button(request.id, `Explain ${request.id}`, () => explain(request.id));
  choose.className = "choose";
  const row = tableRow("journal-table", [choose, "", "", "", ""]);
  row.children[1].append(element("span.what"), element("span.about"));
  return row;
}

function showJournal() {
  const words = byId("journal-filter").value.toLowerCase().split(/\s+/);
  const onlyFailures = byId("journal-errors").checked;
  const shown = [...requests.values()].reverse()
    .filter((request) => (!onlyFailures || isFailure(request)) && fitsFilter(request, words));
  reconcile(byId("journal-list"), shown, (request) => request.id, makeRequest, (row, request) => {
    setText(row.querySelector(".what"), whatText(request));
    setText(row.querySelector(".about"), request.operation ?? "");
    setText(row.children[2], answerText(request));
    setText(row.children[3], tookText(request));
    setText(row.children[4], hourText(request.at));
    setAttribute(row.children[4], "title", timeText(request.at));
    row.classList.toggle("failed", isFailure(request));
  });
  byId("journal-empty").hidden = shown.length > 0;
  setText(byId("journal-empty"), requests.size > 0 ? "None of them fits." : "No requests yet.");
  setText(byId("journal-count"), shown.length < requests.size ? `${shown.length} of ${requests.size}` : String(requests.size));
  fillSuggestions(byId("operation-names"),
    [...new Set([...requests.values()].map((request) => request.operation).filter(Boolean))].sort());
}

function takeRequest(request) {
  requests.set(request.id, request);
  while (requests.size > REQUESTS_KEPT) requests.delete(requests.keys().next().value);
}

let journalDue = false;
function showJournalSoon() {
  if (journalDue || journalPaused) return;
  journalDue = true;
  requestAnimationFrame(() => {
    journalDue = false;
    showJournal();
  });
}

// Hides a panel whose part of the control API this server does not have, and says so.
function showMissing(panel, isMissing) {
  byId(`${panel}-there`).hidden = isMissing;
  byId(`${panel}-missing`).hidden = !isMissing;
  setText(byId(`${panel}-missing`), `This server has no /_mock/${panel}.`);
}

// Follows until the signal. What came before is asked for when the stream has begun, so that nothing is
// missed between the two.
async function followJournal(world, signal) {
  requests = new Map();
  showJournal();
  await follow(inWorld(world, "/journal/stream"), signal, async () => {
    following = true;
    showMissing("journal", false);
    const before = await ask("GET", inWorld(world, `/journal?limit=${REQUESTS_KEPT}`));
    if (signal.aborted) return;
    before.requests.forEach(takeRequest);
    showJournalSoon();
  }, (name, request) => {
    if (name !== "request" || signal.aborted) return;
    takeRequest(request);
    showJournalSoon();
    refreshSoon();
  });
}

byId("journal-filter").addEventListener("input", showJournal);
byId("journal-errors").addEventListener("change", showJournal);
byId("journal-pause").addEventListener("click", () => {
  journalPaused = !journalPaused;
  setAttribute(byId("journal-pause"), "aria-pressed", String(journalPaused));
  note("journal", journalPaused ? "Paused: what comes now is shown when it goes on." : "");
  if (!journalPaused) showJournal();
});
byId("journal-clear").addEventListener("click", () =>
  attempt("journal", async () => {
    await ask("DELETE", inWorld(chosen, "/journal"));
    requests = new Map([...requests].filter(([, request]) => ["waiting", "open"].includes(request.outcome)));
    showJournal();
    return "Cleared.";
  }));

// --- explain ---

function explainedNodes(said) {
  const sentences = said.sentences ?? [];
  const facts = [
    ["Refused by", said.refused_by],
    ["Rules", said.rules?.join(", ")],
    ["Nearest path", said.nearest],
    ["State now", said.state_now],
    ["Allowed now", said.allowed_now?.join(", ")],
  ].filter(([, value]) => value);
  return [
    element("p.lead", {}, sentences[0] ?? ""),
    element("ol.sentences", {}, ...sentences.slice(1).map((sentence) => element("li", {}, sentence))),
    element("dl.explained", {}, ...facts.flatMap(([name, value]) =>
      [element("dt", {}, name), element("dd", {}, value)])),
  ];
}

async function explain(id) {
  const body = byId("explain-body");
  setText(byId("explain-title"), `Why ${id} was answered so`);
  body.replaceChildren(element("p", {}, "…"));
  byId("explain").showModal();
  const nodes = [];
  try {
    nodes.push(...explainedNodes(await ask("GET", inWorld(chosen, `/explain/${encodeURIComponent(id)}`))));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    nodes.push(element("p.bad", { role: "alert" }, error.message));
  }
  const request = requests.get(id);
  if (request)
    nodes.push(element("details", {}, element("summary", {}, "The request as the journal has it"),
      element("pre", { tabindex: "0", "aria-label": `${id} as JSON` }, JSON.stringify(request, null, 2))));
  body.replaceChildren(...nodes);
}
