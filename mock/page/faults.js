// The faults of the chosen world. The rule is sent as it stands in the text, which the fields fill.

// What an effect needs besides its name, to begin with.
const EFFECTS = {
  "status": { status: 503, retry_after: "2s" },
  "delay": { delay: "500ms" },
  "reset": {},
  "empty": {},
  "hang": {},
  "truncate": { after_bytes: 10 },
  "malformed-chunk": {},
  "invalid-json": {},
  "drip": { bytes_per_second: 10 },
  "cut-event": {},
  "stall": {},
  "malformed-event": {},
  "commit-then-lose": {},
  "lose-request": {},
};
const LOSES = ["commit-then-lose", "lose-request"];

const faultForm = byId("create-fault");
fillOptions(faultForm.elements.effect, Object.keys(EFFECTS));
fillOptions(faultForm.elements.by, Object.keys(EFFECTS).filter((effect) => !LOSES.includes(effect)));
faultForm.elements.by.value = "reset";

function writeRule() {
  const { effect, by, operation, times, rule } = faultForm.elements;
  const loses = LOSES.includes(effect.value);
  by.disabled = !loses;
  const made = {};
  if (operation.value !== "") made.match = { operation: operation.value };
  if (times.value !== "") made.times = Number(times.value);
  made.effect = effect.value;
  if (loses && by.value !== "reset") made.by = by.value;
  Object.assign(made, EFFECTS[loses ? by.value : effect.value]);
  rule.value = JSON.stringify(made, null, 1);
}
for (const name of ["effect", "by", "operation", "times"])
  faultForm.elements[name].addEventListener("input", writeRule);
writeRule();

function makeFault(fault) {
  const { effect, ...rest } = fault.rule;
  return element("li", {},
    element("span.name", {}, effect),
    element("span.about.figures"),
    button("Delete", `Delete ${fault.id}`, () => deleteFault(fault.id)),
    element("code", {}, Object.keys(rest).length > 0 ? JSON.stringify(rest) : "every request"));
}

function showFaults(faults) {
  setText(byId("fault-count"), String(faults.length));
  reconcile(byId("fault-list"), faults, (fault) => fault.id + JSON.stringify(fault.rule), makeFault, (row, fault) =>
    setText(row.querySelector(".about"), `${fault.id} · ${fault.applied} of ${fault.matched} spoilt`));
}

async function deleteFault(id) {
  await attempt("faults", async () => {
    await ask("DELETE", inWorld(chosen, `/faults/${encodeURIComponent(id)}`));
    return `Deleted ${id}.`;
  });
  byId("faults-title").focus();
}

byId("delete-faults").addEventListener("click", () =>
  attempt("faults", async () => {
    await ask("DELETE", inWorld(chosen, "/faults"));
    return "Deleted all.";
  }));

faultForm.addEventListener("submit", (event) => {
  event.preventDefault();
  let rule;
  try {
    rule = JSON.parse(faultForm.elements.rule.value);
  } catch (error) {
    note("faults", `The rule is not JSON: ${error.message}`, true);
    return;
  }
  attempt("faults", async () => {
    const made = await ask("POST", inWorld(chosen, "/faults"), rule);
    return `Set ${[made].flat().map((fault) => fault.id).join(", ")}.`;
  });
});
