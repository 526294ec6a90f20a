// Keeping what is shown up to date: a look each second, and at once when the journal moves.

const LOOK_EVERY_MS = 1000;
const LIST_EVERY_LOOKS = 5; // worlds may be many
let journalEnd = new AbortController();
let lookTimer = 0;
let looking = false;
let lookAgain = false;
let refreshDue = false;
let looks = 0;

function showConnection(text, isBad) {
  setText(byId("connection"), text);
  byId("connection").className = isBad ? "bad" : "live";
}

// null when this server does not have it.
async function askIfThere(url) {
  try {
    return await ask("GET", url);
  } catch (error) {
    if (!error.isMissing) throw error;
    return null;
  }
}

async function look() {
  const world = chosen;
  const before = attempts;
  if (looks++ % LIST_EVERY_LOOKS === 0) await loadWorlds();
  const clock = await ask("GET", inWorld(world, "/clock"));
  const overview = await ask("GET", inWorld(world, "/overview"));
  const faults = await askIfThere(inWorld(world, "/faults"));
  const transitions = await askIfThere(inWorld(world, "/transitions"));
  if (world !== chosen || before !== attempts) return;
  setText(byId("world-name"), world);
  showClock(clock);
  showOverview(overview, transitions);
  showMissing("faults", faults === null);
  showFaults(faults ?? []);
}

async function keepLooking() {
  clearTimeout(lookTimer);
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  const world = chosen;
  try {
    do {
      lookAgain = false;
      await look();
    } while (lookAgain);
    showConnection("live", false);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    showConnection(error.message, true);
    if (error.isOfWorld && world === chosen && world !== "default") {
      note("worlds", `${world} is gone.`, true);
      chooseWorld("default");
    }
  } finally {
    looking = false;
    if (!document.hidden) lookTimer = setTimeout(keepLooking, LOOK_EVERY_MS);
  }
}

// At once, and once for many.
function refreshSoon() {
  if (refreshDue) return;
  refreshDue = true;
  setTimeout(() => {
    refreshDue = false;
    keepLooking();
  }, 50);
}

async function keepFollowing(world, signal) {
  while (!signal.aborted) {
    try {
      await followJournal(world, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error.isMissing) {
        showMissing("journal", true);
        return;
      }
    }
    following = false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

function startWorld() {
  journalEnd.abort();
  following = false;
  journalEnd = new AbortController();
  keepFollowing(chosen, journalEnd.signal);
  looks = 0;
  keepLooking();
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) keepLooking();
});
startWorld();
