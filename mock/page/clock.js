// The clock of the chosen world.

function showClock(clock) {
  setText(byId("now"), timeText(clock.now));
  setText(byId("mode"), clock.mode);
  setText(byId("waiting"), String(waitingOthers(clock.waiting)));
  setText(byId("next-event"), clock.next_event === null ? "none" : timeText(clock.next_event));
  byId("to-next").disabled = clock.next_event === null;
  const modes = byId("modes");
  if (!modes.contains(document.activeElement) || modes.dataset.shown !== clock.mode)
    for (const input of modes.querySelectorAll("input")) input.checked = input.value === clock.mode;
  modes.dataset.shown = clock.mode;
  byId("move-to").elements.now.placeholder = clock.now;
}

const changeClock = (method, path, body) =>
  attempt("clock", async () => {
    const clock = await ask(method, inWorld(chosen, path), body);
    showClock(clock);
    return body.mode ? `The clock is ${clock.mode}.` : `It is ${timeText(clock.now)}.`;
  });

const advance = (body) => changeClock("POST", "/clock/advance", body);

byId("modes").addEventListener("change", (event) => changeClock("PUT", "/clock", { mode: event.target.value }));
byId("to-next").addEventListener("click", () => advance({ to: "next-event" }));
for (const node of document.querySelectorAll("[data-by]"))
  node.addEventListener("click", () => advance({ by: node.dataset.by }));

// Forms whose fields become the body of a request.
function onSubmit(id, send) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    send(Object.fromEntries(new FormData(event.target)));
  });
}
onSubmit("advance-by", ({ by }) => advance({ by }));
onSubmit("move-to", ({ now }) => changeClock("PUT", "/clock", { now }));
onSubmit("advance-until", ({ instance, state }) => advance({ until: { instance, state } }));
