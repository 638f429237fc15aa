// The controls of the panel. `state` holds their values; `changed(name)` is called after each change of one.

/** A box for a value that is true or false. key: the key that toggles it. */
function checkbox(text, key, state, name, changed) {
    const input = element("input", { type: "checkbox", onchange: () => set() });
    const set = (value = input.checked) => {
        input.checked = state[name] = value;
        changed(name);
    };
    return { label: element("label", { title: `key ${key}` }, input, text), toggle: () => set(!state[name]) };
}

/** A choice among [value, text] pairs. */
function choice(pairs, state, name, changed, label) {
    const options = pairs.map(([value, text]) => element("option", { value, selected: value === state[name] }, text));
    const select = element("select", { class: "grow", "aria-label": label, onchange: () => set(select.value) }, ...options);
    const set = (value) => {
        select.value = state[name] = value;
        changed(name);
    };
    return { select, set };
}

/** A slider for a number. */
function slider(state, name, { min, max, step, label }, changed) {
    const input = element("input", { type: "range", min, max, step, value: state[name], "aria-label": label, oninput: () => set(Number(input.value)) });
    const set = (value) => {
        input.value = state[name] = Math.min(Math.max(value, min), max);
        changed(name);
    };
    return { input, set };
}

const group = (title, ...children) => element("fieldset", {}, element("legend", {}, title), ...children);
const row = (...children) => element("div", { class: "row" }, ...children);

/** Fills the panel. Returns {keys, notes}: a function for each key, and the elements for notes by name. */
function makePanel(panel, state, { maps, hasGrain, hasReference }, viewport, changed) {
    const keys = {}, notes = { lod: element("p", { class: "note" }), overlay: element("p", { class: "note" }), reference: element("p", { class: "note" }) };
    const zoom = (text, title, act) => element("button", { title, onclick: act }, text);
    panel.append(group("View", row(
        zoom("fit", "key 0", () => viewport.fit()),
        zoom("1 : 1", "key 1", () => viewport.zoomBy(1 / viewport.zoom / devicePixelRatio)),
        zoom("−", "key -", () => viewport.zoomBy(1 / 1.5)), zoom("+", "key +", () => viewport.zoomBy(1.5)),
    )));
    if (maps.length > 1) {
        const pick = choice(maps.map(({ name }, i) => [String(i), name]), state, "map", changed, "map");
        panel.append(group("Map", row(pick.select)));
        keys.m = () => pick.set(String((Number(state.map) + 1) % maps.length));
    }
    if (hasGrain) {
        const box = checkbox("grain", "g", state, "grain", changed);
        box.label.firstChild.checked = state.grain;
        panel.append(group("Texture", row(box.label)));
        keys.g = box.toggle;
    }
    const lod = slider(state, "lod", { min: 0, max: 1, step: 0.005, label: "level of detail" }, changed);
    panel.append(group("Level of detail", lod.input, notes.lod));
    keys["["] = () => lod.set(state.lod - 0.05);
    keys["]"] = () => lod.set(state.lod + 0.05);
    panel.append(overlayControls(state, keys, notes, changed));
    if (hasReference) panel.append(referenceControls(state, keys, notes, changed));
    return { keys, notes };
}

function overlayControls(state, keys, notes, changed) {
    const shapes = [["off", "no ellipses"], ["share", "a random fifth of the ellipses"], ["all", "all ellipses"]];
    const ellipses = choice(shapes, state, "ellipses", changed, "ellipses");
    keys.e = () => ellipses.set(shapes[(shapes.findIndex(([value]) => value === state.ellipses) + 1) % 3][0]);
    const boxes = [["centers", "c", "centers"], ["identity", "i", "a color for each"], ["load", "t", "tile load"]];
    const made = boxes.map(([name, key, text]) => {
        const box = checkbox(text, key, state, name, changed);
        keys[key] = box.toggle;
        return box.label;
    });
    return group("Gaussians", row(ellipses.select), row(...made), notes.overlay);
}

function referenceControls(state, keys, notes, changed) {
    const modes = [["off", "the picture alone"], ["split", "original behind a divider"], ["error", "errors against the original"]];
    const mode = choice(modes, state, "mode", changed, "comparison");
    keys.s = () => mode.set(state.mode === "split" ? "off" : "split");
    keys.d = () => mode.set(state.mode === "error" ? "off" : "error");
    const gain = slider(state, "gain", { min: 1, max: 32, step: 1, label: "gain of errors" }, changed);
    const gained = row(element("span", {}, "gain"), element("span", { class: "grow" }, gain.input));
    return group("Original", row(mode.select), gained, notes.reference);
}
