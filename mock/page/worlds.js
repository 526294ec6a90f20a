// The worlds: choosing, creating, forking, resetting, deleting.

const WORLDS_SHOWN = 50;
let worlds = [];
let attempts = 0; // begun and ended: what was seen on both sides of one is out of date
let chosen = address[2] === undefined ? "default" : decodeURIComponent(address[2]);

async function loadWorlds() {
  worlds = await ask("GET", `${root}/_mock/worlds`);
  showWorlds();
}

function worldFacts(world) {
  const facts = [world.clock, countedText(world.instances, "instance"), countedText(world.snapshots, "snapshot")];
  const waiting = world.name === chosen ? waitingOthers(world.waiting) : world.waiting;
  if (waiting > 0) facts.push(`${waiting} waiting`);
  if (world.ttl !== null) facts.push(`lives ${world.ttl} after its last request`);
  return facts.join(" · ");
}

function makeWorld(world) {
  const choose = button(world.name, "", () => chooseWorld(world.name));
  choose.className = "choose";
  const row = element("li", {}, choose, element("span.about"),
    button("Fork", `Fork ${world.name}`, () => {
      byId("create-world").elements.from.value = world.name;
      byId("create-world").elements.name.focus();
    }));
  if (world.name !== "default")
    row.append(button("Delete", `Delete ${world.name}`, () => deleteWorld(world.name)));
  return row;
}

function showWorlds() {
  const wanted = byId("world-filter").value;
  const fitting = worlds.filter((world) => world.name.includes(wanted));
  setText(byId("world-count"), String(worlds.length));
  byId("world-filter-label").hidden = worlds.length <= 10 && wanted === "";
  reconcile(byId("world-list"), fitting.slice(0, WORLDS_SHOWN), (world) => world.name, makeWorld, (row, world) => {
    setText(row.querySelector(".about"), worldFacts(world));
    row.classList.toggle("chosen", world.name === chosen);
    setAttribute(row.querySelector(".choose"), "aria-pressed", String(world.name === chosen));
  });
  byId("worlds-more").hidden = fitting.length <= WORLDS_SHOWN;
  setText(byId("worlds-more"), `and ${fitting.length - WORLDS_SHOWN} more`);
  fillSuggestions(byId("world-names"), worlds.slice(0, WORLDS_SHOWN).map((world) => world.name));
}

// The page's address goes along, so that it can be kept and passed on.
function chooseWorld(name) {
  chosen = name;
  history.replaceState(null, "", name === "default" ? `${root}/_mock/` : inWorld(name, "/"));
  showWorlds();
  startWorld();
}

// Does something, and says below the panel what came of it: what it returns, or why it was refused.
async function attempt(panel, what) {
  note(panel, "");
  attempts++;
  try {
    note(panel, await what());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    note(panel, error.message, true);
  } finally {
    attempts++;
    refreshSoon();
  }
}

async function deleteWorld(name) {
  if (!await confirmed(`Delete ${name}?`, "All it has goes with it, and requests that wait in it are answered.", "Delete"))
    return;
  await attempt("worlds", async () => {
    await ask("DELETE", `${root}/_mock/worlds/${encodeURIComponent(name)}`);
    if (name === chosen) chooseWorld("default");
    await loadWorlds();
    return `Deleted ${name}.`;
  });
  byId("worlds-title").focus();
}

byId("world-filter").addEventListener("input", showWorlds);

byId("reset-world").addEventListener("click", async () => {
  const name = chosen;
  if (!await confirmed(`Reset ${name}?`, "It begins anew, as it was made: resources, clock and ids.", "Reset")) return;
  await attempt("worlds", async () => {
    await ask("POST", inWorld(name, "/reset"));
    return `Reset ${name}.`;
  });
});

byId("create-world").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const order = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
  attempt("worlds", async () => {
    const world = await ask("POST", `${root}/_mock/worlds`, order);
    form.reset();
    await loadWorlds();
    chooseWorld(world.name);
    return `Created ${world.name}.`;
  });
});
